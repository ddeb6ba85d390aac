// One sentence out of all findings, and what a network administrator would have to change. Pure.

import { hostAndPort } from './plan.js';

/** @import { Diagnosis } from './diagnosis.js' */
/** @import { Check } from './plan.js' */

/**
 * @typedef {'good' | 'udp_blocked' | 'no_websocket' | 'poor' | 'partly' | 'relay_blocked' | 'relay_blocked_hard' | 'relay_refuses' | 'relay_broken' | 'no_relay' | 'token_needed'
 *   | 'not_let_in' | 'server_silent'} VerdictKey
 *
 * @typedef {object} Verdict
 * @property {VerdictKey} key
 * @property {'good' | 'fair' | 'bad'} level
 * @property {Rule[]} rules      what the network would have to let through; empty when the network is not to blame
 *
 * @typedef {object} Rule
 * @property {'udp' | 'tcp' | 'tls' | 'dtls' | 'websocket' | 'https'} protocol
 * @property {string} target     host:port
 */

const LOSS_POOR_PERCENT = 5;
const RTT_POOR_MS = 400;
const TOKEN_CODES = new Set(['token_required', 'token_invalid', 'token_expired', 'token_used', 'wrong_room']);

/** @type {Record<string, Rule['protocol']>} */
const PROTOCOLS = { turn_udp: 'udp', turn_tcp: 'tcp', turn_tls: 'tls', turn_dtls: 'dtls', websocket: 'websocket', sse: 'https', poll: 'https' };

/**
 * @param {Diagnosis} diagnosis   which is over
 * @param {string} host           host:port of this server
 * @returns {Verdict}
 */
export function judge(diagnosis, host) {
  const { signaling, relays, refusal, nat } = diagnosis;
  const blocked = [...signaling, ...relays].filter(isBlocked);
  const rules = blocked.map(({ transport, url }) => ({ protocol: /** @type {Rule['protocol']} */ (PROTOCOLS[transport]), target: url ? hostAndPort(url) : host }));
  /** @type {(key: VerdictKey, level: Verdict['level'], given?: Rule[]) => Verdict} */
  const verdict = (key, level, given = rules) => ({ key, level, rules: unique(given) });

  if (!signaling.some(isOk)) return verdict('server_silent', 'bad');
  if (TOKEN_CODES.has(refusal)) return verdict('token_needed', 'bad', []);
  if (refusal) return verdict('not_let_in', 'bad', []);
  const testable = relays.filter(({ finding }) => finding?.outcome !== 'unsupported');
  if (testable.length === 0) return verdict('no_relay', nat === 'hard' ? 'bad' : 'fair', []);
  const working = testable.filter(isOk);
  if (working.length === 0) {
    if (testable.some(isRefused)) return verdict('relay_refuses', 'bad', []);
    if (testable.some(({ finding }) => finding?.outcome === 'no_path')) return verdict('relay_broken', 'bad', []);
    return nat === 'none' || nat === 'easy' ? verdict('relay_blocked', 'fair') : verdict('relay_blocked_hard', 'bad');
  }
  const udp = testable.filter(({ transport }) => transport === 'turn_udp');
  if (udp.length > 0 && udp.every(isBlocked)) return verdict('udp_blocked', 'fair');
  if (working.every(isPoor)) return verdict('poor', 'fair');
  if (!signaling.some((check) => check.transport === 'websocket' && isOk(check))) return verdict('no_websocket', 'fair');
  if (working.length < testable.length) return verdict('partly', 'fair');
  return verdict('good', 'good');
}

/** @param {Check} check */
function isOk({ finding }) {
  return finding?.outcome === 'ok';
}

/** @param {Check} check */
function isBlocked({ finding }) {
  return finding?.outcome === 'unreachable';
}

/** @param {Check} check */
function isRefused({ finding }) {
  return finding?.outcome === 'unauthorized' || finding?.outcome === 'refused';
}

/** @param {Check} check */
function isPoor({ finding }) {
  return (finding?.lossPercent ?? 0) > LOSS_POOR_PERCENT || (finding?.rttMs ?? 0) > RTT_POOR_MS;
}

/** @param {Rule[]} rules */
function unique(rules) {
  return [...new Map(rules.map((rule) => [`${rule.protocol} ${rule.target}`, rule])).values()];
}
