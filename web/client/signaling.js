// A session with noom-signal that comes back by itself: hello/welcome, request and reply by id, watchdog, reconnect, and the same session
// again after it, over a WebSocket or whatever the network allows (transport_choice.js).
// What the messages mean for a room is room.js's business.

import { Climber } from './climber.js';
import { NoomError, toServerError } from './errors.js';
import { Emitter, deferred } from './events.js';
import { PendingRequests } from './pending.js';
import { CLIENT, PROTOCOL, reconnectDelayMs, reconnectRule } from './protocol.js';
import { SessionCount } from './session_count.js';
import { TRANSPORT_KINDS } from './transport.js';
import { TransportChoice } from './transport_choice.js';
import { Watchdog } from './watchdog.js';

/** @import { RoomEvent, Welcome } from './protocol.js' */
/** @import { Transport, TransportEnd, TransportKind } from './transport.js' */

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
 * @property {number} [openTimeoutMs]           from the first SYN to `welcome`, for each transport
 * @property {readonly TransportKind[]} [transports]   those allowed; all by default
 * @property {{baseMs: number, capMs: number}} [climb]  between attempts to get back to a better transport
 * @property {{baseMs: number, capMs: number}} [backoff]
 * @property {typeof WebSocket} [webSocket]     another implementation, for programs outside a browser
 * @property {typeof fetch} [fetch]
 * @property {import('./transport_choice.js').TransportMemory} [memory]  what worked on this network; a browser's local storage by default
 * @property {() => number} [random]
 */

// A connection that lasted this long was a good one: the next loss starts counting attempts anew.
const STEADY_MS = 10_000;
// For an answer where there is reason to doubt the connection. To resume one that was only slow costs little; to wait for one that is dead, much.
const DOUBT_MS = 3_000;
// The server learns at the latest after this that its messages have come.
const ACK_MS = 5_000;

/** @extends {Emitter<SignalingEvents>} */
export class Signaling extends Emitter {
  #options;
  /** @type {SignalingState} */
  #state = 'idle';
  #choice;
  #climber;
  #watchdog = new Watchdog(
    () => this.notify({ type: 'ping' }),
    () => this.#transport && this.#lose(this.#transport, { code: 4000, reason: 'no answer to a ping' }),
  );
  /** @type {Transport | null} */
  #transport = null;
  /** True from the hello over a better transport to its welcome: what is said meanwhile is sent after it. */
  #moving = false;
  /** @type {Welcome | null} */
  #welcome = null;
  #nextId = 1;
  #pending = new PendingRequests();
  #attempt = 0;
  #openedAt = 0;
  #notBefore = 0;
  #goAwayMs = 0;
  #count = new SessionCount();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ackTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {import('./events.js').Deferred<Welcome> | null} */
  #first = null;
  #online = () => {
    if (this.#state === 'waiting') this.#choice.forget();
    this.wake();
  };
  #visible = () => document.visibilityState === 'visible' && this.wake();

  /** @param {SignalingOptions} options */
  constructor(options) {
    super();
    this.#options = {
      features: ['resume'],
      requestTimeoutMs: 10_000,
      openTimeoutMs: 10_000,
      backoff: { baseMs: 500, capMs: 15_000 },
      transports: TRANSPORT_KINDS,
      climb: { baseMs: 30_000, capMs: 600_000 },
      webSocket: globalThis.WebSocket,
      fetch: globalThis.fetch,
      random: Math.random,
      ...options,
    };
    const { url, transports, memory, ...rest } = this.#options;
    this.#choice = new TransportChoice(url, transports, rest, memory);
    this.#climber = new Climber({ ...rest, choice: this.#choice, adopt: (transport) => this.#move(transport) });
  }

  get state() {
    return this.#state;
  }

  /** The last `welcome`, or null before the first. */
  get welcome() {
    return this.#welcome;
  }

  /** What carries the session now, or null. */
  get transport() {
    return this.#transport?.kind ?? null;
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
    globalThis.addEventListener?.('online', this.#online);
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
    if (this.#state !== 'open' || !this.#transport) return false;
    const text = JSON.stringify(message);
    this.#count.keep(message.type, text);
    if (!this.#moving) this.#transport.send(text);
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
    else if (this.#state === 'open' && !this.#moving) {
      this.doubt();
      this.#climber.now();
    }
  }

  /** There is a sign that the network has changed: finds out within seconds whether the connection still works, and makes it anew if not. */
  doubt() {
    if (this.#state === 'open' && !this.#moving) this.#watchdog.probe(DOUBT_MS);
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#state !== 'connecting') this.#setState('connecting');
    const transport = this.#choice.make();
    this.#transport = transport;
    this.#timer = setTimeout(() => this.#lose(transport, { code: 4000, reason: 'no welcome in time' }), this.#options.openTimeoutMs);
    transport.open({ ...this.#handlers(transport), onopen: () => transport.send(JSON.stringify(this.#hello())) });
  }

  /** @param {Transport} transport */
  #handlers(transport) {
    return {
      ontext: (/** @type {string} */ text) => this.#receive(transport, text),
      onclose: (/** @type {TransportEnd} */ end) => this.#lose(transport, end),
    };
  }

  /** The session goes on over a better transport, which is open. @param {Transport} transport */
  #move(transport) {
    if (this.#count.ticket === null) return transport.close();
    this.#dropTransport();
    this.#moving = true;
    this.#transport = transport;
    this.#timer = setTimeout(() => this.#lose(transport, { code: 4000, reason: 'no welcome in time' }), this.#options.openTimeoutMs);
    Object.assign(transport, this.#handlers(transport));
    transport.send(JSON.stringify(this.#hello()));
  }

  #hello() {
    const { ticket, received } = this.#count;
    const resume = ticket === null ? {} : { resume: { ticket, received } };
    return { type: 'hello', protocol: PROTOCOL, client: CLIENT, features: this.#options.features, ...resume };
  }

  /**
   * @param {Transport} transport
   * @param {string} text
   */
  #receive(transport, text) {
    if (transport !== this.#transport) return;
    this.#watchdog.heard();
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return this.emit('error', new NoomError('bad_reply', 'The server sent a frame that is not JSON.'));
    }
    if (this.#count.take(message.type, text.length)) this.#ack();
    else if (this.#count.owesAck) this.#ackTimer ??= setTimeout(() => this.#ack(), ACK_MS);
    // An invitation's ticket is for somebody else.
    if (typeof message.ticket === 'string' && message.type !== 'invited') this.#count.ticket = message.ticket;
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
    const transport = /** @type {Transport} */ (this.#transport);
    this.#choice.worked(transport.kind);
    this.#welcome = welcome;
    this.#openedAt = Date.now();
    this.#count.resume(welcome.recovered === true, welcome.received);
    if (welcome.recovered !== true) this.#pending.rejectAll(lost(1006));
    if (!this.#moving) this.#setState('open');
    this.#moving = false;
    clearTimeout(this.#timer);
    this.#watchdog.start(welcome.ping_interval_ms, welcome.ping_timeout_ms);
    for (const text of this.#count.unconfirmed) transport.send(text);
    this.#climber.start(transport.kind);
    this.#first?.resolve(welcome);
    this.#first = null;
    this.emit('open', welcome);
  }

  #ack() {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.notify({ type: 'ack', received: this.#count.received })) this.#count.acked();
  }

  /**
   * @param {Transport} transport
   * @param {TransportEnd} end
   */
  #lose(transport, { code, reason, retryAfterMs = 0 }) {
    if (transport !== this.#transport) return;
    // A close code of the server came through: the transport works.
    const failed = (this.#state === 'connecting' || this.#moving) && (code === 1006 || code === 4000);
    this.#moving = false;
    if (failed && this.#state === 'connecting' && retryAfterMs === 0 && this.#choice.failed()) {
      this.#dropTransport();
      return this.#open();
    }
    const rule = reconnectRule(code);
    if (this.#state === 'open' && Date.now() - this.#openedAt > STEADY_MS) this.#attempt = 0;
    const first = this.#first;
    if (rule.retry && !first) {
      this.#dropTransport(code);
      if (this.#count.ticket === null) this.#pending.rejectAll(lost(code));
      const announced = this.#goAwayMs;
      this.#goAwayMs = 0;
      const delay = announced || retryAfterMs || reconnectDelayMs(this.#attempt++, rule, this.#options.backoff, this.#options.random);
      this.#notBefore = Date.now() + Math.max(rule.floorMs, retryAfterMs);
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
  #dropTransport(code) {
    clearTimeout(this.#timer);
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    this.#watchdog.stop();
    this.#climber.stop();
    const transport = this.#transport;
    this.#transport = null;
    transport?.close(code);
  }

  #release() {
    this.#dropTransport();
    globalThis.removeEventListener?.('online', this.#online);
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
