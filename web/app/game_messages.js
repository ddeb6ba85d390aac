// What two players tell each other, over a channel that may lose, double and reorder: every message stands for itself and is repeated.
//   invite, accept, no, end   {"k":"invite","g":"<number of the game>"}
//   state (from the host)     {"k":"state","g":…,"n":7,"b":[x,y],"p":[host,guest],"s":[points,points]}
//   move (from the guest)     {"k":"move","g":…,"n":7,"x":50}

/**
 * @typedef {{k: 'invite' | 'accept' | 'no' | 'end', g: string}} Word
 * @typedef {{k: 'state', g: string, n: number, b: [number, number], p: [number, number], s: [number, number]}} State
 * @typedef {{k: 'move', g: string, n: number, x: number}} Move
 * @typedef {Word | State | Move} GameMessage
 */

const CHARACTERS_MAX = 300;

/**
 * @param {unknown} data as it came from the other end, who may send anything
 * @returns {GameMessage | null}
 */
export function readGameMessage(data) {
  if (typeof data !== 'string' || data.length > CHARACTERS_MAX) return null;
  /** @type {any} */
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof message !== 'object' || message === null || typeof message.g !== 'string' || !/^[0-9a-f]{8}$/.test(message.g)) return null;
  const { k, g, n, x, b, p, s } = message;
  if (k === 'invite' || k === 'accept' || k === 'no' || k === 'end') return { k, g };
  if (!Number.isSafeInteger(n) || n < 0) return null;
  if (k === 'move') return isPlace(x) ? { k, g, n, x } : null;
  if (k === 'state') return isPair(b, isPlace) && isPair(p, isPlace) && isPair(s, isScore) ? { k, g, n, b, p, s } : null;
  return null;
}

/** @param {unknown} value */
function isPlace(value) {
  return typeof value === 'number' && value >= -20 && value <= 200;
}

/** @param {unknown} value */
function isScore(value) {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 99;
}

/**
 * @param {unknown} pair
 * @param {(value: unknown) => boolean} is
 */
function isPair(pair, is) {
  return Array.isArray(pair) && pair.length === 2 && pair.every(is);
}
