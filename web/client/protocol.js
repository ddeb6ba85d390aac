// noom.v1 as the client sees it: message types and what each close code asks for (docs/protocol/noom-v1.md).

export const PROTOCOL = 'noom.v1';
export const CLIENT = 'noom-web/0.1.0';

/**
 * @typedef {Record<string, unknown>} Metadata
 * @typedef {import('./messages.js').RosterEntry} RosterEntry
 * @typedef {import('./messages.js').IceServer} IceServer
 * @typedef {import('./messages.js').Welcome} Welcome
 * @typedef {import('./messages.js').Joined} Joined
 * @typedef {import('./messages.js').PeerJoined | import('./messages.js').PeerUpdated | import('./messages.js').PeerLeft
 *   | import('./messages.js').Presence | import('./messages.js').Superseded | import('./messages.js').Roster
 *   | import('./messages.js').Message | import('./messages.js').IceServers | import('./messages.js').RoomUpdated
 *   | import('./messages.js').PeerWaiting | import('./messages.js').WaitingEnded | import('./messages.js').MuteRequested
 *   | import('./messages.js').Joined | import('./messages.js').Denied | import('./messages.js').Left} RoomEvent
 */

/**
 * @typedef {object} ReconnectRule
 * @property {boolean} retry   whether to connect again
 * @property {number} floorMs  wait at least this long
 * @property {number} spreadMs wait up to this much longer even at the first attempt, so that a restarted server is not stampeded
 */

/**
 * What to do after a close with `code`.
 * @param {number} code
 * @returns {ReconnectRule}
 */
export function reconnectRule(code) {
  const no = { retry: false, floorMs: 0, spreadMs: 0 };
  const yes = { retry: true, floorMs: 0, spreadMs: 0 };
  if (code === 4429) return { retry: true, floorMs: 60_000, spreadMs: 5_000 };
  if (code === 4408) return yes;
  if (code === 1001) return { retry: true, floorMs: 0, spreadMs: 2_000 };
  if (code === 1000 || code === 1002 || code === 1007 || code === 1009) return no;
  if (code >= 4400 && code <= 4499) return no;
  return yes;
}

/**
 * Exponential backoff with full jitter.
 * @param {number} attempt      0 for the first retry
 * @param {ReconnectRule} rule
 * @param {{baseMs: number, capMs: number}} limits
 * @param {() => number} random 0 ≤ x < 1
 * @returns {number} milliseconds
 */
export function reconnectDelayMs(attempt, rule, limits, random) {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(attempt, 16));
  return Math.round(rule.floorMs + random() * Math.max(ceiling, rule.spreadMs));
}
