// Which transport to try: the best first, the next when one fails, and for a while what has worked on this network. Decides; opens none.

import { PollTransport } from './poll_transport.js';
import { SseTransport } from './sse_transport.js';
import { TRANSPORT_KINDS, WebSocketTransport } from './transport.js';

/** @import { Transport, TransportKind, TransportTools } from './transport.js' */

/**
 * Where it is kept what worked, from one page to the next.
 * @typedef {object} TransportMemory
 * @property {() => string | null} load
 * @property {(text: string) => void} save
 */

// After so long, or on another network, the best is tried first again.
const REMEMBERED_MS = 10 * 60_000;
const KEY = 'noom.transport';

export class TransportChoice {
  #url;
  #kinds;
  #tools;
  #memory;
  /** @type {TransportKind | null} what carried a session last */
  #worked = null;
  /** @type {TransportKind[]} still to be tried in this round */
  #round = [];
  #failedRounds = 0;
  /** Whether it worked for this object, rather than for a page before. */
  #here = false;

  /**
   * @param {string} url
   * @param {readonly TransportKind[]} kinds  those allowed
   * @param {TransportTools} tools
   * @param {TransportMemory} [memory]
   */
  constructor(url, kinds, tools, memory = pageMemory()) {
    this.#url = url;
    this.#kinds = TRANSPORT_KINDS.filter((kind) => kinds.includes(kind) && (kind === 'websocket' ? tools.webSocket : tools.fetch));
    this.#tools = tools;
    this.#memory = memory;
    this.#worked = this.#load();
    this.#begin();
  }

  /** What to try now. */
  get kind() {
    return /** @type {TransportKind} */ (this.#round[0]);
  }

  /**
   * @param {TransportKind} [kind]
   * @returns {Transport} not opened yet
   */
  make(kind = this.kind) {
    if (kind === 'sse') return new SseTransport(this.#url, /** @type {typeof fetch} */ (this.#tools.fetch));
    if (kind === 'poll') return new PollTransport(this.#url, /** @type {typeof fetch} */ (this.#tools.fetch));
    return new WebSocketTransport(this.#url, /** @type {typeof WebSocket} */ (this.#tools.webSocket));
  }

  /** @param {TransportKind} kind it has brought a welcome */
  worked(kind) {
    this.#worked = kind;
    this.#here = true;
    this.#failedRounds = 0;
    this.#memory.save(JSON.stringify({ url: this.#url, kind, until: Date.now() + REMEMBERED_MS }));
    this.#begin();
  }

  /**
   * What was to be tried did not bring a welcome.
   * @returns {boolean} whether there is another kind to try at once
   */
  failed() {
    this.#round.shift();
    if (this.#round.length > 0) return true;
    this.#failedRounds++;
    this.#begin();
    return false;
  }

  /** Kinds better than `kind`, best first. @param {TransportKind} kind */
  better(kind) {
    return this.#kinds.slice(0, Math.max(0, this.#kinds.indexOf(kind)));
  }

  /** Another network: what was true of the last one may not be of this one. */
  forget() {
    this.#worked = null;
    this.#here = false;
    this.#failedRounds = 0;
    this.#memory.save('');
    this.#begin();
  }

  #begin() {
    const first = this.#worked ?? this.#kinds[0];
    // A WebSocket that worked a moment ago most likely fails with the whole network: one round alone tells.
    const alone = first === 'websocket' && this.#here && this.#failedRounds === 0;
    const others = this.#kinds.filter((kind) => kind !== first);
    this.#round = [/** @type {TransportKind} */ (first), ...(alone ? [] : others)];
  }

  /** @returns {TransportKind | null} */
  #load() {
    try {
      const { url, kind, until } = JSON.parse(this.#memory.load() || '{}');
      return url === this.#url && until > Date.now() && this.#kinds.includes(kind) ? kind : null;
    } catch {
      return null;
    }
  }
}

/** A browser's; elsewhere, and where pages may keep nothing, it forgets. @returns {TransportMemory} */
function pageMemory() {
  return {
    load() {
      try {
        return globalThis.localStorage?.getItem(KEY) ?? null;
      } catch {
        return null;
      }
    },
    save(text) {
      try {
        globalThis.localStorage?.setItem(KEY, text);
      } catch {
        // It forgets.
      }
    },
  };
}
