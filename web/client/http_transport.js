// What the transports without WebSocket have in common: a connection that the server names, POSTs to it, and how HTTP's failures read as
// noom.v1's: docs/protocol/noom-v1.md, "Without WebSocket".

import { PostQueue } from './post_queue.js';

/** @import { Transport, TransportEnd, TransportHandlers } from './transport.js' */

const GOODBYE_MS = 2_000;

/** An answer other than 200. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {number} retryAfterMs 0: the server says nothing of it
   */
  constructor(status, retryAfterMs) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export class HttpTransport {
  /** @type {Transport['onopen']} */
  onopen = null;
  /** @type {Transport['ontext']} */
  ontext = null;
  /** @type {Transport['onclose']} */
  onclose = null;
  /** @protected */
  base;
  /** @protected */
  abort = new AbortController();
  /** @type {PostQueue | null} @protected */
  posts = null;
  #fetch;
  #ended = false;

  /**
   * @param {string} url   of the WebSocket
   * @param {string} path  beside it
   * @param {typeof fetch} fetch
   */
  constructor(url, path, fetch) {
    this.base = new URL(path, url.replace(/^ws/, 'http')).href;
    // Browsers insist on their own `this`.
    this.#fetch = /** @type {typeof fetch} */ ((...args) => fetch(...args));
  }

  /** @param {TransportHandlers} handlers */
  open(handlers) {
    Object.assign(this, handlers);
    this.run().catch((error) => this.end(toEnd(error)));
  }

  /** @param {string} text */
  send(text) {
    this.posts?.send(text);
  }

  close() {
    this.onopen = this.ontext = this.onclose = null;
    this.#ended = true;
    void this.#leave();
  }

  /**
   * Until the connection ends.
   * @protected
   * @returns {Promise<void>}
   */
  async run() {
    throw new Error('a transport says how it runs');
  }

  /**
   * @protected
   * @param {string} query
   * @param {string} [accept]
   */
  async get(query, accept = 'application/json') {
    const answer = await this.#fetch(this.base + query, { cache: 'no-store', credentials: 'omit', headers: { Accept: accept }, signal: this.abort.signal });
    if (answer.status !== 200) throw new Refused(answer.status, Number(answer.headers.get('Retry-After') ?? 0) * 1000);
    return answer;
  }

  /**
   * @protected
   * @param {unknown} opening what the server says first
   */
  named(opening) {
    const name = /** @type {any} */ (opening)?.connection;
    if (typeof name !== 'string' || !/^[\w.-]+$/.test(name)) throw new Error('this is not noom-signal');
    this.base += `/${name}`;
    this.posts = new PostQueue({ fetch: this.#fetch, url: this.base, onlost: () => this.end({ code: 1006, reason: '' }) });
    this.onopen?.();
  }

  /** @protected @param {TransportEnd} end */
  end(end) {
    if (this.#ended) return;
    this.#ended = true;
    this.posts?.stop();
    this.abort.abort();
    this.onclose?.(end);
  }

  /** What was said before goes out first: the server ends a session with its stream. */
  async #leave() {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, GOODBYE_MS)));
    await Promise.race([this.posts?.finish(), timeout]);
    clearTimeout(timer);
    this.posts?.stop();
    this.abort.abort();
  }
}

/**
 * @param {unknown} error
 * @returns {TransportEnd}
 */
function toEnd(error) {
  const end = { code: 1006, reason: '' };
  const reached = error instanceof Refused && (error.status === 429 || error.status === 503) && error.retryAfterMs > 0;
  return reached ? { ...end, retryAfterMs: error.retryAfterMs } : end;
}
