// The field as its player sees it: one's own paddle is below. Played by pointer, or by the arrow keys.

import { byId } from './dom.js';
import { t } from './i18n.js';
import { announce } from './notices.js';
import { FIELD } from './pong.js';

/** @import { Pong } from './pong.js' */

const KEY_STEP = 7;
const SCALE = 4;

export class GameView {
  #canvas = byId('game-field', HTMLCanvasElement);
  #mine = 50;

  /** @param {(x: number) => void} onMove */
  constructor(onMove) {
    this.#canvas.width = FIELD.width * SCALE;
    this.#canvas.height = FIELD.height * SCALE;
    this.#canvas.addEventListener('pointermove', (event) => {
      const { left, width } = this.#canvas.getBoundingClientRect();
      onMove(((event.clientX - left) / width) * FIELD.width);
    });
    this.#canvas.addEventListener('keydown', (event) => {
      const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (direction === undefined) return;
      event.preventDefault();
      onMove(this.#mine + direction * KEY_STEP);
    });
  }

  focus() {
    this.#canvas.focus();
  }

  /**
   * @param {Pong} pong
   * @param {boolean} host
   */
  show(pong, host) {
    const paint = this.#canvas.getContext('2d');
    if (!paint) return;
    const { width, height, paddle, ball, margin } = FIELD;
    this.#mine = host ? pong.host : width - pong.guest;
    const theirs = host ? pong.guest : width - pong.host;
    const colours = getComputedStyle(this.#canvas);
    const [field, ink, accent] = ['background-color', 'color', 'accent-color'].map((name) => colours.getPropertyValue(name));
    paint.setTransform(SCALE, 0, 0, SCALE, 0, 0);
    paint.fillStyle = field ?? '';
    paint.fillRect(0, 0, width, height);
    paint.fillStyle = ink ?? '';
    paint.globalAlpha = 0.25;
    for (let x = 2; x < width; x += 6) paint.fillRect(x, height / 2 - 0.4, 3, 0.8);
    paint.globalAlpha = 1;
    bar(paint, theirs - paddle / 2, margin - 3, paddle);
    paint.fillStyle = accent ?? '';
    bar(paint, this.#mine - paddle / 2, height - margin, paddle);
    paint.fillStyle = ink ?? '';
    paint.beginPath();
    paint.arc(host ? pong.x : width - pong.x, host ? pong.y : height - pong.y, ball, 0, 2 * Math.PI);
    paint.fill();
    const [mine, other] = host ? pong.score : [pong.score[1], pong.score[0]];
    const score = byId('game-score', HTMLElement);
    const text = `${mine} : ${other}`;
    if (score.textContent === text) return;
    score.textContent = text;
    if (mine + other > 0) announce(t('game_score', { mine, other }));
  }
}

/**
 * @param {CanvasRenderingContext2D} paint
 * @param {number} x
 * @param {number} y
 * @param {number} width
 */
function bar(paint, x, y, width) {
  paint.beginPath();
  paint.roundRect(x, y, width, 3, 1.5);
  paint.fill();
}
