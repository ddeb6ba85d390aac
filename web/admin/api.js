// docs/api/noom-signal.yaml, as this page uses it. The token lives as long as the tab.

/**
 * @typedef {{name: string, tag: string, owner?: string, member_count: number, waiting_count: number, capacity: number,
 *   locked: boolean, lobby: boolean, password: boolean, epoch: number, seq: number, since: number}} Room
 * @typedef {'viewer' | 'member' | 'moderator' | 'host'} Role
 * @typedef {{peer: string, name: string, role: Role, session: string, identity?: string, node?: string, away: boolean, since: number}} Member
 * @typedef {{name: string, self: boolean, draining: boolean, sessions: number, rooms: number, members: number}} Node
 * @typedef {{sessions: number, sessions_away: number, rooms: number, members: number, waiting: number, messages_sent: number, bytes_sent: number}} Usage
 * @typedef {{rooms: Room[], next?: string, unavailable?: string, cut_off?: boolean}} RoomPage
 * @typedef {{rooms: Room[], more: boolean, unavailable: string[], cutOff: boolean}} Rooms
 */

const KEY = 'noom-admin-token';
const PATIENCE_MS = 8_000;

export class ApiError extends Error {
  /** @param {number} status 0: no answer @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  /** @param {string} value */
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** @param {string} path @param {string} [method] @returns {Promise<any>} */
async function ask(path, method = 'GET') {
  let response;
  try {
    response = await fetch(path, { method, headers: { Authorization: `Bearer ${token.get()}` }, signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'error' });
  } catch (error) {
    throw new ApiError(0, String(error));
  }
  const body = response.headers.get('Content-Type')?.startsWith('application/json') ? await response.json().catch(() => ({})) : {};
  if (!response.ok) throw new ApiError(response.status, body.message ?? `HTTP ${response.status}`);
  return body;
}

/** @returns {Promise<Usage>} */
export const usage = () => ask('/v1/usage');

/** Sorted by name; none without a cluster. @returns {Promise<Node[]>} */
export const nodes = async () => (await ask('/v1/nodes')).nodes;

/** At most `most`, and a page more. @param {number} most @returns {Promise<Rooms>} */
export async function allRooms(most) {
  /** @type {Rooms} */
  const all = { rooms: [], more: true, unavailable: [], cutOff: false };
  let cursor = '';
  while (all.rooms.length < most) {
    /** @type {RoomPage} */
    const page = await ask(`/v1/rooms?limit=100${cursor}`);
    all.rooms.push(...page.rooms);
    if (page.unavailable) all.unavailable.push(page.unavailable);
    all.cutOff ||= page.cut_off === true;
    if (page.next === undefined) return { ...all, more: false };
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
  return all;
}

/** undefined: it is gone. @param {string} room @returns {Promise<Member[] | undefined>} */
export async function membersOf(room) {
  try {
    return (await ask(`/v1/rooms/${encodeURIComponent(room)}`)).members;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 503)) return undefined;
    throw error;
  }
}

/** @param {string} room @param {string} message */
export function endRoom(room, message) {
  return ask(`/v1/rooms/${encodeURIComponent(room)}?message=${encodeURIComponent(message)}`, 'DELETE');
}

/** @param {string} room @param {string} peer @param {string} ban seconds @param {string} message */
export function kick(room, peer, ban, message) {
  return ask(`/v1/rooms/${encodeURIComponent(room)}/members/${encodeURIComponent(peer)}?ban_s=${ban}&message=${encodeURIComponent(message)}`, 'DELETE');
}
