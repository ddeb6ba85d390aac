// The physics of a ball between two paddles: a pure function of time. The field is 100 wide and 140 high, the host's paddle is at its lower end.

/**
 * @typedef {object} Pong
 * @property {number} x        of the ball
 * @property {number} y
 * @property {number} vx       per second
 * @property {number} vy
 * @property {number} host     middle of the paddle
 * @property {number} guest
 * @property {[number, number]} score   host, guest
 * @property {number} restS    until the ball is served
 */

export const FIELD = { width: 100, height: 140, paddle: 24, ball: 2.2, margin: 7 };
export const POINTS_TO_WIN = 5;
const SPEED = { serve: 62, faster: 1.05, max: 150 };
const SERVE_AFTER_S = 1.2;

/** @returns {Pong} */
export function newPong() {
  return { ...serve(0.35, 1), host: 50, guest: 50, score: [0, 0] };
}

/**
 * @param {Pong} pong
 * @param {number} seconds
 * @param {number} random 0 to 1, for the next serve
 * @returns {Pong}
 */
export function step(pong, seconds, random) {
  if (isOver(pong)) return pong;
  if (pong.restS > 0) return { ...pong, restS: pong.restS - seconds };
  let { x, y, vx, vy } = pong;
  x += vx * seconds;
  y += vy * seconds;
  if (x < FIELD.ball || x > FIELD.width - FIELD.ball) {
    x = Math.min(Math.max(x, FIELD.ball), FIELD.width - FIELD.ball);
    vx = -vx;
  }
  const low = FIELD.height - FIELD.margin;
  if (vy > 0 && y >= low - FIELD.ball && pong.y < low) [vx, vy, y] = bounce(pong.host, x, vx, vy, low - FIELD.ball, y);
  else if (vy < 0 && y <= FIELD.margin + FIELD.ball && pong.y > FIELD.margin) [vx, vy, y] = bounce(pong.guest, x, vx, vy, FIELD.margin + FIELD.ball, y);
  if (y > FIELD.height) return { ...pong, ...serve(random, -1), score: [pong.score[0], pong.score[1] + 1] };
  if (y < 0) return { ...pong, ...serve(random, 1), score: [pong.score[0] + 1, pong.score[1]] };
  return { ...pong, x, y, vx, vy };
}

/** @param {Pong} pong */
export function isOver({ score }) {
  return score.some((points) => points >= POINTS_TO_WIN);
}

/** @param {number} x */
export function clampPaddle(x) {
  return Math.min(Math.max(x, FIELD.paddle / 2), FIELD.width - FIELD.paddle / 2);
}

/**
 * @param {number} random
 * @param {1 | -1} towards
 */
function serve(random, towards) {
  const angle = (random - 0.5) * 1.2;
  return { x: FIELD.width / 2, y: FIELD.height / 2, vx: SPEED.serve * Math.sin(angle), vy: towards * SPEED.serve * Math.cos(angle), restS: SERVE_AFTER_S };
}

/**
 * Where the paddle is hit decides the way back.
 * @param {number} paddle
 * @param {number} x
 * @param {number} vx
 * @param {number} vy
 * @param {number} surface
 * @param {number} y
 * @returns {[number, number, number]} vx, vy, y
 */
function bounce(paddle, x, vx, vy, surface, y) {
  const off = (x - paddle) / (FIELD.paddle / 2 + FIELD.ball);
  if (Math.abs(off) > 1) return [vx, vy, y];
  const speed = Math.min(Math.hypot(vx, vy) * SPEED.faster, SPEED.max);
  const angle = off * 1.05;
  return [speed * Math.sin(angle), -Math.sign(vy) * speed * Math.cos(angle), surface];
}
