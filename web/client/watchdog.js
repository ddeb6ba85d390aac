// Notices a connection on which nothing comes any more: asks after a silence, and gives up when there is no answer.

export class Watchdog {
  #ask;
  #give;
  #heardAt = 0;
  #askedAt = 0;
  /** When it gives up, unless it hears something; 0 while it waits for nothing. */
  #deadline = 0;
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

  /**
   * Finds out now. Asked again while it waits for an answer, it does not wait longer for that.
   * @param {number} [timeoutMs] for the answer
   */
  probe(timeoutMs = this.#timeoutMs) {
    const now = Date.now();
    const waiting = this.#deadline !== 0 && this.#heardAt < this.#askedAt;
    if (waiting && this.#deadline <= now + timeoutMs) return;
    if (!waiting) this.#askedAt = now;
    this.#deadline = now + timeoutMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#heardAt >= this.#askedAt) this.#watch();
      else this.#give();
    }, timeoutMs);
    if (!waiting) this.#ask();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#deadline = 0;
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#deadline = 0;
    const silence = Date.now() - this.#heardAt;
    this.#timer = setTimeout(() => {
      if (Date.now() - this.#heardAt >= this.#intervalMs) this.probe();
      else this.#watch();
    }, Math.max(this.#intervalMs - silence, 0));
  }
}
