// Signaling over one carrier: from the first byte to the server's welcome; and what a room's members are given to make calls with.

import { Signaling } from '../client/index.js';

/** @import { IceServer, NoomError } from '../client/index.js' */
/** @import { Finding, SignalingTransport } from './plan.js' */

const PATIENCE_MS = 10_000;
const FORGETFUL = { load: () => null, save: () => {} };

/**
 * @typedef {object} SignalingResult
 * @property {Finding} finding
 * @property {Signaling | null} signaling   open; null unless the finding is ok
 */

/**
 * @param {SignalingTransport} transport
 * @param {string} url
 * @returns {Promise<SignalingResult>}
 */
export async function checkSignaling(transport, url) {
  const signaling = new Signaling({ url, transports: [transport], features: [], memory: FORGETFUL, openTimeoutMs: PATIENCE_MS });
  const start = performance.now();
  try {
    await signaling.connect();
    return { finding: { outcome: 'ok', openedMs: performance.now() - start }, signaling };
  } catch (error) {
    const { closeCode = 1006 } = /** @type {NoomError} */ (error);
    if (transport !== 'websocket' && (await isOff(transport, url))) return { finding: { outcome: 'off' }, signaling: null };
    const reached = closeCode !== 1006 && closeCode !== 4000;
    return { finding: reached ? { outcome: 'refused', code: closeCode } : { outcome: 'unreachable' }, signaling: null };
  }
}

/**
 * The servers a member of a room gets, with credentials: by joining a room that nobody else knows, and leaving it.
 * @param {Signaling} signaling
 * @param {string} token    '' for none
 * @returns {Promise<IceServer[]>} rejects with the server's refusal
 */
export async function fetchIceServers(signaling, token) {
  const room = `doctor-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`.slice(0, 64);
  const joined = await signaling.request({ type: 'join', room, name: '', ...(token ? { token } : {}) });
  return joined.ice_servers ?? [];
}

/**
 * Whether the operator has switched the carrier off: told apart from a network in between.
 * @param {'sse' | 'poll'} transport
 * @param {string} url
 */
async function isOff(transport, url) {
  try {
    const address = `${url.replace(/^ws/, 'http').replace(/\/ws$/, '')}/v1/${transport}/none?post=1`;
    const answer = await fetch(address, { method: 'POST', signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await answer.json()).code === 'carrier_off';
  } catch {
    return false;
  }
}
