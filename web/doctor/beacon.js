// Tells noom-signal which ways worked, for its noom_client_probe_total: names of transports and outcomes, nothing else.

/** @import { Diagnosis } from './diagnosis.js' */

const UNTOLD = new Set(['off', 'none']);

/**
 * One line for each check: `turn_udp ok`.
 * @param {Diagnosis} diagnosis
 */
export function beaconOf({ signaling, stun, relays }) {
  return [...signaling, ...stun, ...relays]
    .filter(({ finding }) => finding && !UNTOLD.has(finding.outcome))
    .map(({ transport, finding }) => `${transport} ${finding?.outcome}\n`)
    .join('');
}

/**
 * @param {Diagnosis} diagnosis
 * @param {string} url
 * @returns {Promise<boolean>} whether it was counted: servers need not offer it
 */
export async function sendBeacon(diagnosis, url) {
  try {
    return (await fetch(url, { method: 'POST', body: beaconOf(diagnosis), signal: AbortSignal.timeout(10_000) })).ok;
  } catch {
    return false;
  }
}
