// Notices a connection on which nothing comes any more: asks after a silence, and gives up when there is no answer.

export class Watchdog {
  #ask;
  #give;
  #heardAt = 0;
  #intervalMs = 15_000;
  #timeoutMs = 10_000;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => void} ask   for a sign of life
   * @param {() => void} give  up: there was none
   */
  constructor(ask, give) {
    this.#ask = ask;
    this.#give = give;
  }

  heard() {
    this.#heardAt = Date.now();
  }

  /**
   * @param {number} [intervalMs] of silence before it asks
   * @param {number} [timeoutMs]  for the answer
   */
  start(intervalMs = 15_000, timeoutMs = 10_000) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#watch();
  }

  /** Finds out now. */
  probe() {
    clearTimeout(this.#timer);
    const askedAt = Date.now();
    this.#ask();
    this.#timer = setTimeout(() => {
      if (this.#heardAt >= askedAt) this.#watch();
      else this.#give();
    }, this.#timeoutMs);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #watch() {
    clearTimeout(this.#timer);
    const silence = Date.now() - this.#heardAt;
    this.#timer = setTimeout(() => {
      if (Date.now() - this.#heardAt >= this.#intervalMs) this.probe();
      else this.#watch();
    }, Math.max(this.#intervalMs - silence, 0));
  }
}
