// One WebSocket to noom-signal that comes back by itself: hello/welcome, request and reply by id, watchdog, reconnect, and the
// same session again after it.
// What the messages mean for a room is room.js's business.

import { NoomError, toServerError } from './errors.js';
import { Emitter, deferred } from './events.js';
import { PendingRequests } from './pending.js';
import { CLIENT, PROTOCOL, reconnectDelayMs, reconnectRule } from './protocol.js';
import { SessionCount } from './session_count.js';

/** @import { RoomEvent, Welcome } from './protocol.js' */

/**
 * `idle` before connect; `waiting` between two attempts; `closed` is final until connect is called again.
 * @typedef {'idle' | 'connecting' | 'open' | 'waiting' | 'closed'} SignalingState
 *
 * @typedef {object} SignalingEvents
 * @property {{state: SignalingState, retryInMs?: number}} state
 * @property {Welcome} open          after every hello that was welcomed; `recovered` says whether the session went on without a loss
 * @property {RoomEvent} message     everything that is not a reply
 * @property {NoomError} error       an error that belongs to no request
 * @property {NoomError} closed      the connection is gone and will not come back by itself
 *
 * @typedef {object} SignalingOptions
 * @property {string} url                       `wss://host/ws`
 * @property {string[]} [features]              what this client understands; with `resume` (the default) sessions outlive connections
 * @property {number} [requestTimeoutMs]
 * @property {number} [openTimeoutMs]           from the first SYN to `welcome`
 * @property {{baseMs: number, capMs: number}} [backoff]
 * @property {typeof WebSocket} [webSocket]     another implementation, for programs outside a browser
 * @property {() => number} [random]
 */

// A connection that lasted this long was a good one: the next loss starts counting attempts anew.
const STEADY_MS = 10_000;
// The server learns at the latest after this that its messages have come.
const ACK_MS = 5_000;

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
  #pending = new PendingRequests();
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #notBefore = 0;
  #goAwayMs = 0;
  #count = new SessionCount();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ackTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {import('./events.js').Deferred<Welcome> | null} */
  #first = null;
  #wake = () => this.wake();
  #visible = () => document.visibilityState === 'visible' && this.wake();

  /** @param {SignalingOptions} options */
  constructor(options) {
    super();
    this.#options = {
      features: ['resume'],
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
    if (!this.notify({ ...message, id })) return Promise.reject(new NoomError('connection_lost', 'There is no connection to the signaling server.'));
    return this.#pending.wait(id, message.type, this.#options.requestTimeoutMs);
  }

  /**
   * Sends without waiting for an answer.
   * @param {{type: string} & Record<string, unknown>} message
   * @returns {boolean} false when there is no connection: nothing is kept for later. What was taken is sent again if the connection is
   *   lost and the session recovered
   */
  notify(message) {
    if (this.#state !== 'open' || !this.#socket) return false;
    const text = JSON.stringify(message);
    this.#count.keep(message.type, text);
    this.#socket.send(text);
    return true;
  }

  /** Says goodbye and stays closed. */
  close() {
    this.notify({ type: 'bye' });
    this.#count.forget();
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
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => this.#lose(socket, event.code, event.reason);
  }

  #hello() {
    const { ticket, received } = this.#count;
    const resume = ticket === null ? {} : { resume: { ticket, received } };
    return { type: 'hello', protocol: PROTOCOL, client: CLIENT, features: this.#options.features, ...resume };
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
    if (this.#count.take(message.type, String(text).length)) this.#ack();
    else if (this.#count.owesAck) this.#ackTimer ??= setTimeout(() => this.#ack(), ACK_MS);
    if (typeof message.ticket === 'string') this.#count.ticket = message.ticket;
    switch (message.type) {
      case 'welcome':
        return this.#onWelcome(message);
      case 'pong':
      case 'ack':
        return this.#count.confirm(message.received);
      case 'go_away':
        this.#goAwayMs = Number(message.reconnect_after_ms) || 0;
        return undefined;
      case 'ticket':
        return undefined;
    }
    const error = message.type === 'error' ? toServerError(message) : null;
    if (this.#pending.settle(message.re, message, error)) return undefined;
    return error ? this.emit('error', error) : this.emit('message', message);
  }

  /** @param {Welcome} welcome */
  #onWelcome(welcome) {
    this.#welcome = welcome;
    this.#openedAt = Date.now();
    this.#count.resume(welcome.recovered === true, welcome.received);
    if (welcome.recovered !== true) this.#pending.rejectAll(lost(1006));
    this.#setState('open');
    this.#watch();
    for (const text of this.#count.unconfirmed) this.#socket?.send(text);
    this.#first?.resolve(welcome);
    this.#first = null;
    this.emit('open', welcome);
  }

  #ack() {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.notify({ type: 'ack', received: this.#count.received })) this.#count.acked();
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
      if (this.#count.ticket === null) this.#pending.rejectAll(lost(code));
      const announced = this.#goAwayMs;
      this.#goAwayMs = 0;
      const delay = announced || reconnectDelayMs(this.#attempt++, rule, this.#options.backoff, this.#options.random);
      this.#notBefore = Date.now() + rule.floorMs;
      this.#timer = setTimeout(() => this.#open(), delay);
      this.#setState('waiting', delay);
      return;
    }
    this.#count.forget();
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
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
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
    this.#pending.rejectAll(error);
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

/** @param {number} code */
function lost(code) {
  return new NoomError('connection_lost', 'The connection to the signaling server was lost.', { closeCode: code });
}
