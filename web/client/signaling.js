// One WebSocket to noom-signal that comes back by itself: hello/welcome, request and reply by id, watchdog, reconnect.
// What the messages mean for a room is room.js's business.

import { NoomError } from './errors.js';
import { Emitter } from './events.js';
import { CLIENT, PROTOCOL, reconnectDelayMs, reconnectRule } from './protocol.js';

/** @import { RoomEvent, Welcome } from './protocol.js' */

/**
 * `idle` before connect; `waiting` between two attempts; `closed` is final until connect is called again.
 * @typedef {'idle' | 'connecting' | 'open' | 'waiting' | 'closed'} SignalingState
 *
 * @typedef {object} SignalingEvents
 * @property {{state: SignalingState, retryInMs?: number}} state
 * @property {Welcome} open          after every hello that was welcomed, the first and each later one
 * @property {RoomEvent} message     everything that is not a reply
 * @property {NoomError} error       an error that belongs to no request
 * @property {NoomError} closed      the connection is gone and will not come back by itself
 *
 * @typedef {object} SignalingOptions
 * @property {string} url                       `wss://host/ws`
 * @property {string[]} [features]              what this client understands beyond noom.v1
 * @property {number} [requestTimeoutMs]
 * @property {number} [openTimeoutMs]           from the first SYN to `welcome`
 * @property {{baseMs: number, capMs: number}} [backoff]
 * @property {typeof WebSocket} [webSocket]     another implementation, for programs outside a browser
 * @property {() => number} [random]
 */

// A connection that lasted this long was a good one: the next loss starts counting attempts anew.
const STEADY_MS = 10_000;

/** @extends {Emitter<SignalingEvents>} */
export class Signaling extends Emitter {
  #options;
  /** @type {SignalingState} */
  #state = 'idle';
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Welcome | null} */
  #welcome = null;
  #nextId = 1;
  /** @type {Map<number, {resolve: (reply: any) => void, reject: (error: NoomError) => void, timer: ReturnType<typeof setTimeout>}>} */
  #pending = new Map();
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #notBefore = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {{promise: Promise<Welcome>, resolve: (welcome: Welcome) => void, reject: (error: NoomError) => void} | null} */
  #first = null;
  #wake = () => this.wake();
  #visible = () => document.visibilityState === 'visible' && this.wake();

  /** @param {SignalingOptions} options */
  constructor(options) {
    super();
    this.#options = {
      features: /** @type {string[]} */ ([]),
      requestTimeoutMs: 10_000,
      openTimeoutMs: 10_000,
      backoff: { baseMs: 500, capMs: 15_000 },
      webSocket: globalThis.WebSocket,
      random: Math.random,
      ...options,
    };
  }

  get state() {
    return this.#state;
  }

  /** The last `welcome`, or null before the first. */
  get welcome() {
    return this.#welcome;
  }

  /**
   * Resolves with the first welcome. Rejects when the first attempt fails: from then on nobody tries behind your back.
   * After a first success the connection is restored for as long as `close` is not called.
   * @returns {Promise<Welcome>}
   */
  connect() {
    if (this.#state === 'open' && this.#welcome) return Promise.resolve(this.#welcome);
    if (this.#first) return this.#first.promise;
    this.#first = deferred();
    globalThis.addEventListener?.('online', this.#wake);
    globalThis.document?.addEventListener('visibilitychange', this.#visible);
    this.#open();
    return this.#first.promise;
  }

  /**
   * Sends a request and waits for the answer that carries its id.
   * @param {{type: string} & Record<string, unknown>} message
   * @returns {Promise<any>} rejects with the server's error, `timeout`, or `connection_lost`
   */
  request(message) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (!this.notify({ ...message, id })) {
        reject(new NoomError('connection_lost', 'There is no connection to the signaling server.'));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new NoomError('timeout', `No answer to "${message.type}" in ${this.#options.requestTimeoutMs} ms.`));
      }, this.#options.requestTimeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
    });
  }

  /**
   * Sends without waiting for an answer.
   * @param {{type: string} & Record<string, unknown>} message
   * @returns {boolean} false when there is no connection; nothing is kept for later
   */
  notify(message) {
    if (this.#state !== 'open' || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Says goodbye and stays closed. */
  close() {
    this.notify({ type: 'bye' });
    this.#release();
    const wasOpen = this.#state !== 'idle' && this.#state !== 'closed';
    this.#setState('closed');
    const error = new NoomError('closed', 'The connection was closed by this side.', { closeCode: 1000 });
    this.#rejectAll(error);
    if (wasOpen) this.emit('closed', error);
  }

  /** The network or the page came back: retry now, or find out now whether the connection still works. */
  wake() {
    if (this.#state === 'waiting' && Date.now() >= this.#notBefore) this.#open();
    else if (this.#state === 'open') this.#probe();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#setState('connecting');
    const socket = new this.#options.webSocket(this.#options.url, PROTOCOL);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lose(socket, 4000, 'no welcome in time'), this.#options.openTimeoutMs);
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL, client: CLIENT, features: this.#options.features }));
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => this.#lose(socket, event.code, event.reason);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} text
   */
  #receive(socket, text) {
    if (socket !== this.#socket) return;
    this.#heardAt = Date.now();
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return this.emit('error', new NoomError('bad_reply', 'The server sent a frame that is not JSON.'));
    }
    if (message.type === 'welcome') return this.#onWelcome(message);
    if (message.type === 'pong') return undefined;
    const pending = this.#pending.get(message.re);
    const error = message.type === 'error' ? toError(message) : null;
    if (pending) {
      this.#pending.delete(message.re);
      clearTimeout(pending.timer);
      return error ? pending.reject(error) : pending.resolve(message);
    }
    return error ? this.emit('error', error) : this.emit('message', message);
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    this.#welcome = welcome;
    this.#openedAt = Date.now();
    this.#setState('open');
    this.#watch();
    this.#first?.resolve(welcome);
    this.#first = null;
    this.emit('open', welcome);
  }

  #watch() {
    clearTimeout(this.#timer);
    const interval = this.#welcome?.ping_interval_ms ?? 15_000;
    const idle = Date.now() - this.#heardAt;
    this.#timer = setTimeout(() => {
      if (Date.now() - this.#heardAt >= interval) this.#probe();
      else this.#watch();
    }, Math.max(interval - idle, 0));
  }

  #probe() {
    const socket = this.#socket;
    if (!socket) return;
    clearTimeout(this.#timer);
    const askedAt = Date.now();
    this.notify({ type: 'ping' });
    this.#timer = setTimeout(() => {
      if (this.#heardAt >= askedAt) this.#watch();
      else this.#lose(socket, 4000, 'no answer to a ping');
    }, this.#welcome?.ping_timeout_ms ?? 10_000);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  #lose(socket, code, reason) {
    if (socket !== this.#socket) return;
    const rule = reconnectRule(code);
    if (this.#state === 'open' && Date.now() - this.#openedAt > STEADY_MS) this.#attempt = 0;
    const first = this.#first;
    if (rule.retry && !first) {
      this.#dropSocket(code);
      this.#rejectAll(new NoomError('connection_lost', 'The connection to the signaling server was lost.', { closeCode: code }));
      const delay = reconnectDelayMs(this.#attempt++, rule, this.#options.backoff, this.#options.random);
      this.#notBefore = Date.now() + rule.floorMs;
      this.#timer = setTimeout(() => this.#open(), delay);
      this.#setState('waiting', delay);
      return;
    }
    this.#release();
    this.#setState('closed');
    const error = first
      ? new NoomError('unreachable', 'The signaling server cannot be reached.', { closeCode: code })
      : new NoomError('closed', reason || `The server closed the connection with ${code}.`, { closeCode: code });
    this.#rejectAll(error);
    this.emit('closed', error);
  }

  /** @param {number} [code] */
  #dropSocket(code) {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState < 2) socket.close(code !== undefined && code >= 4000 ? code : 1000);
  }

  #release() {
    this.#dropSocket();
    globalThis.removeEventListener?.('online', this.#wake);
    globalThis.document?.removeEventListener('visibilitychange', this.#visible);
  }

  /** @param {NoomError} error */
  #rejectAll(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(error);
    }
    this.#first?.reject(error);
    this.#first = null;
  }

  /**
   * @param {SignalingState} state
   * @param {number} [retryInMs]
   */
  #setState(state, retryInMs) {
    this.#state = state;
    this.emit('state', retryInMs === undefined ? { state } : { state, retryInMs });
  }
}

/** @param {{code?: unknown, message?: unknown, retry_after_s?: unknown}} reply */
function toError(reply) {
  const details = typeof reply.retry_after_s === 'number' ? { retryAfterS: reply.retry_after_s } : {};
  return new NoomError(String(reply.code ?? 'bad_reply'), String(reply.message ?? ''), details);
}

/** @returns {{promise: Promise<Welcome>, resolve: (welcome: Welcome) => void, reject: (error: NoomError) => void}} */
function deferred() {
  /** @type {any} */
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
