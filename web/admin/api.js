// docs/api/noom-signal.yaml, as this page uses it. The token lives as long as the tab.

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
export async function ask(path, method = 'GET') {
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

/** At most `most` rooms, and whether there are more. @param {number} most */
export async function allRooms(most) {
  const rooms = [];
  let cursor = '';
  while (rooms.length < most) {
    const page = await ask(`/v1/rooms?limit=100${cursor}`);
    rooms.push(...page.rooms);
    if (page.next === undefined) return { rooms, more: false };
    cursor = `&cursor=${page.next}`;
  }
  return { rooms, more: true };
}

/** @param {string} room @param {string} message */
export function endRoom(room, message) {
  return ask(`/v1/rooms/${encodeURIComponent(room)}?message=${encodeURIComponent(message)}`, 'DELETE');
}

/** @param {string} room @param {string} peer @param {string} ban seconds @param {string} message */
export function kick(room, peer, ban, message) {
  return ask(`/v1/rooms/${encodeURIComponent(room)}/members/${encodeURIComponent(peer)}?ban_s=${ban}&message=${encodeURIComponent(message)}`, 'DELETE');
}
