// What a client without WebSocket sends: texts, several to a POST when they come quickly, one POST at a time. A POST that fails is sent
// again under its number, which the server takes once.

const RETRIES = 4;
const RETRY_MS = 250;
const BODY_BYTES_MAX = 65_536;

/**
 * @typedef {object} PostQueueOptions
 * @property {typeof fetch} fetch
 * @property {string} url               without the query
 * @property {() => void} onlost        a POST did not get through; nothing is sent from here on
 */

export class PostQueue {
  #options;
  /** @type {string[]} */
  #waiting = [];
  #number = 0;
  #alive = false;
  #stopped = false;
  /** @type {Promise<void> | null} */
  #running = null;
  /** @type {{body: string, number: number} | null} */
  #unanswered = null;

  /** @param {PostQueueOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} text */
  send(text) {
    this.#waiting.push(text);
    this.#run();
  }

  /** Shows the server that this client is there. */
  alive() {
    this.#alive = true;
    this.#run();
  }

  /**
   * What waits goes out at once, and what has no answer yet goes out again: the page may end before any answer comes. The server puts POSTs
   * in order, and takes each once. Resolves when all is sent, or cannot be.
   */
  async finish() {
    const last = this.#unanswered ? [this.#unanswered] : [];
    while (this.#waiting.length > 0) last.push({ body: this.#nextBody(), number: ++this.#number });
    await Promise.all(last.map(({ body, number }) => this.#post(body, number)));
  }

  stop() {
    this.#stopped = true;
  }

  #run() {
    if (this.#stopped) return;
    // One turn later: what is said in one go travels together.
    this.#running ??= Promise.resolve()
      .then(() => this.#drain())
      .finally(() => (this.#running = null));
  }

  async #drain() {
    while (!this.#stopped && (this.#waiting.length > 0 || this.#alive)) {
      this.#alive = false;
      this.#unanswered = { body: this.#nextBody(), number: ++this.#number };
      const taken = await this.#post(this.#unanswered.body, this.#unanswered.number);
      this.#unanswered = null;
      if (taken) continue;
      const lost = !this.#stopped;
      this.#stopped = true;
      if (lost) this.#options.onlost();
    }
  }

  #nextBody() {
    const encoder = new TextEncoder();
    const texts = [];
    let bytes = 0;
    while (this.#waiting.length > 0) {
      const size = encoder.encode(this.#waiting[0]).length + 1;
      if (texts.length > 0 && bytes + size > BODY_BYTES_MAX) break;
      texts.push(this.#waiting.shift());
      bytes += size;
    }
    return texts.join('\n');
  }

  /**
   * @param {string} body
   * @param {number} number
   * @returns {Promise<boolean>} whether to go on
   */
  async #post(body, number) {
    for (let attempt = 0; ; attempt++) {
      const status = await this.#try(body, number);
      if (status === 204) return true;
      // The server closes the session for a body that is too big, and says so where it speaks.
      if (status === 413) this.#stopped = true;
      const passes = status === 0 || status === 409 || status === 429 || status >= 500;
      if (!passes || attempt >= RETRIES || this.#stopped) return false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * 2 ** attempt));
      if (this.#stopped) return false;
    }
  }

  /**
   * @param {string} body
   * @param {number} number
   * @returns {Promise<number>} the status; 0: there was no answer
   */
  async #try(body, number) {
    try {
      // keepalive: the last words of a page that is closed still go out; browsers allow it for small bodies only.
      const answer = await this.#options.fetch(`${this.#options.url}?post=${number}`, {
        method: 'POST', body, cache: 'no-store', credentials: 'omit', keepalive: body.length < 4_096, headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
      });
      return answer.status;
    } catch {
      return 0;
    }
  }
}
