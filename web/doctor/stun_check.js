// Our own address as STUN servers see it, by IPv4 and IPv6, and what that says of the NAT between (RFC 4787 §4.1), as far as a browser can tell.

import { gather } from './gathering.js';

/** @import { Gathered } from './gathering.js' */
/** @import { Finding } from './plan.js' */

/**
 * `none`: no NAT. `easy`: the same mapping whomever we talk to. `hard`: another one for each server, so that others cannot know it.
 * `unknown`: one server alone cannot tell. `unseen`: no server answered.
 * @typedef {'none' | 'easy' | 'hard' | 'unknown' | 'unseen'} Nat
 *
 * @typedef {object} StunResult
 * @property {Finding} v4
 * @property {Finding} v6
 * @property {Nat} nat
 */

const PATIENCE_MS = 8_000;

/**
 * @param {string[]} urls
 * @returns {Promise<StunResult>}
 */
export async function checkStun(urls) {
  // One connection for each tells which server answers; one with all of them, from the same port, how the NAT maps.
  const [together, ...alone] = await Promise.all([gather(configuration(urls), PATIENCE_MS), ...urls.map((url) => gather(configuration([url]), PATIENCE_MS))]);
  return judgeStun(together, alone);
}

/**
 * @param {Gathered} together
 * @param {Gathered[]} alone
 * @returns {StunResult}
 */
export function judgeStun(together, alone) {
  const answered = alone.filter(hasAnswered).length;
  const v4 = reflexive(together, false);
  const v6 = reflexive(together, true);
  const hosts = together.candidates.filter(({ type }) => type === 'host').map(({ address }) => address);
  return {
    v4: v4.length > 0 ? found(v4) : { outcome: answered > 0 ? 'ok' : 'unreachable', ...nameUnknown(alone) },
    v6: v6.length > 0 ? found(v6) : { outcome: 'none' },
    nat: answered === 0 ? 'unseen' : natOf(v4, hosts, answered),
  };
}

/**
 * @param {RTCIceCandidate[]} candidates   server reflexive ones
 * @param {(string | null)[]} hosts        addresses of our own, some of them hidden behind names
 * @param {number} answered                how many servers did
 * @returns {Nat}
 */
function natOf(candidates, hosts, answered) {
  // Chromium gives no reflexive candidate that is the same as a host candidate.
  if (candidates.length === 0 || candidates.every(({ address }) => hosts.includes(address))) return 'none';
  /** @type {Map<string, Set<string>>} */
  const byBase = new Map();
  for (const { address, port, relatedAddress, relatedPort } of candidates) {
    const base = `${relatedAddress} ${relatedPort}`;
    byBase.set(base, (byBase.get(base) ?? new Set()).add(`${address} ${port}`));
  }
  if ([...byBase.values()].some((mappings) => mappings.size > 1)) return 'hard';
  return answered > 1 ? 'easy' : 'unknown';
}

/** Who gave no address and no error, in time, has said that ours is no other than we know. @param {Gathered} gathered */
function hasAnswered({ candidates, errors, complete }) {
  return candidates.some(({ type }) => type === 'srflx') || (complete && errors.length === 0);
}

/**
 * @param {Gathered} gathered
 * @param {boolean} v6
 */
function reflexive({ candidates }, v6) {
  return candidates.filter(({ type, address, protocol }) => type === 'srflx' && protocol === 'udp' && (address ?? '').includes(':') === v6);
}

/**
 * @param {RTCIceCandidate[]} candidates
 * @returns {Finding}
 */
function found(candidates) {
  return { outcome: 'ok', address: candidates[0]?.address ?? '' };
}

/** @param {Gathered[]} alone */
function nameUnknown(alone) {
  return { nameUnknown: alone.length > 0 && alone.every(({ errors }) => errors.some(isLookup)) };
}

/** @param {{code: number, text: string}} error */
export function isLookup({ code, text }) {
  return code === 701 && /lookup/i.test(text);
}

/**
 * @param {string[]} urls
 * @returns {RTCConfiguration}
 */
function configuration(urls) {
  return { iceServers: urls.map((url) => ({ urls: [url] })) };
}
