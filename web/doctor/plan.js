// What there is to check: noom-signal's list of servers, taken apart into one check for each way a packet may go.

/** @import { IceServer } from '../client/index.js' */

/**
 * The names are those of noom_client_probe_total's labels (docs/metrics.md).
 * @typedef {'websocket' | 'sse' | 'poll'} SignalingTransport
 * @typedef {'stun_v4' | 'stun_v6'} StunTransport
 * @typedef {'turn_udp' | 'turn_tcp' | 'turn_tls' | 'turn_dtls'} RelayTransport
 * @typedef {SignalingTransport | StunTransport | RelayTransport} Transport
 *
 * `off`: the operator does not offer it. `none`: not to be seen from here, and calls do not need it.
 * @typedef {'ok' | 'unauthorized' | 'refused' | 'unreachable' | 'no_path' | 'unsupported' | 'off' | 'none'} Outcome
 *
 * @typedef {object} Finding
 * @property {Outcome} outcome
 * @property {number} [code]            of the refusal, as the server gave it
 * @property {boolean} [nameUnknown]    unreachable because its name has no address
 * @property {string} [address]         ours, as the server saw it
 * @property {number} [openedMs]        until it could be used
 * @property {number} [rttMs]           to the server and back
 * @property {number} [lossPercent]
 * @property {number} [kbps]
 *
 * @typedef {object} Relay
 * @property {RelayTransport} transport
 * @property {string} url
 * @property {IceServer} server
 *
 * @typedef {object} Check
 * @property {Transport} transport
 * @property {string} url               '' when it is this page's own server
 * @property {Finding | null} finding   null until it is known
 */

// A server that lists more gets its first ones checked: each takes a few seconds.
const RELAYS_MAX = 12;
const STUN_MAX = 4;

/** @type {readonly SignalingTransport[]} */
export const SIGNALING = ['websocket', 'sse', 'poll'];

/**
 * @param {IceServer[]} servers
 * @returns {Relay[]} in the server's order, each URL once
 */
export function relaysOf(servers) {
  /** @type {Map<string, Relay>} */
  const relays = new Map();
  for (const server of servers) {
    for (const url of [server.urls].flat()) {
      if (/^turns?:/.test(url) && !relays.has(url)) relays.set(url, { transport: relayTransport(url), url, server });
    }
  }
  return [...relays.values()].slice(0, RELAYS_MAX);
}

/**
 * Where to ask for our own address: STUN servers, and relays, which answer STUN too (RFC 8656 §5).
 * @param {IceServer[]} servers
 * @returns {string[]}
 */
export function stunUrlsOf(servers) {
  const urls = servers.flatMap((server) => [server.urls].flat()).filter((url) => /^stun:/.test(url) || (/^turn:/.test(url) && relayTransport(url) === 'turn_udp'));
  return [...new Set(urls.map((url) => `stun:${hostAndPort(url)}`))].slice(0, STUN_MAX);
}

/** @param {string} url a STUN or TURN URI (RFC 7064, RFC 7065) */
export function hostAndPort(url) {
  const [, scheme = '', host = '', port] = /^(\w+):(\[[^\]]*\]|[^:?]*)(?::(\d+))?/.exec(url) ?? [];
  return `${host}:${port ?? (scheme.endsWith('s') ? 5349 : 3478)}`;
}

/**
 * @param {string} url
 * @returns {RelayTransport}
 */
function relayTransport(url) {
  const named = /[?&]transport=(\w+)/.exec(url)?.[1];
  if (url.startsWith('turns:')) return named === 'udp' ? 'turn_dtls' : 'turn_tls';
  return named === 'tcp' ? 'turn_tcp' : 'turn_udp';
}
