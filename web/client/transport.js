// What carries noom.v1 between this page and noom-signal: one interface, of which a WebSocket is the best implementation, and what
// takes its place where a network forbids it (sse_transport.js, poll_transport.js). What the texts mean is signaling.js's business.

import { PROTOCOL } from './protocol.js';

/**
 * Best first.
 * @typedef {'websocket' | 'sse' | 'poll'} TransportKind
 *
 * One connection, used once. Nothing is called back after `close`, nor twice after the end.
 * @typedef {object} Transport
 * @property {TransportKind} kind
 * @property {(() => void) | null} onopen                                  texts can be sent from now on
 * @property {((text: string) => void) | null} ontext
 * @property {((end: TransportEnd) => void) | null} onclose                the last event
 * @property {(handlers: TransportHandlers) => void} open                  once
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close                               what was sent before still goes out
 *
 * @typedef {Pick<Transport, 'onopen' | 'ontext' | 'onclose'>} TransportHandlers
 *
 * @typedef {object} TransportEnd
 * @property {number} code              a close code of noom.v1; 1006 for a loss without one
 * @property {string} reason
 * @property {number} [retryAfterMs]    the server was reached and says when to come back: another kind would not help
 *
 * @typedef {object} TransportTools
 * @property {typeof WebSocket} [webSocket]
 * @property {typeof fetch} [fetch]
 */

/** @type {readonly TransportKind[]} */
export const TRANSPORT_KINDS = ['websocket', 'sse', 'poll'];

/** @implements {Transport} */
export class WebSocketTransport {
  /** @readonly */
  kind = /** @type {const} */ ('websocket');
  /** @type {Transport['onopen']} */
  onopen = null;
  /** @type {Transport['ontext']} */
  ontext = null;
  /** @type {Transport['onclose']} */
  onclose = null;
  #url;
  #make;
  /** @type {WebSocket | null} */
  #socket = null;

  /**
   * @param {string} url
   * @param {typeof WebSocket} make
   */
  constructor(url, make) {
    this.#url = url;
    this.#make = make;
  }

  /** @param {TransportHandlers} handlers */
  open(handlers) {
    Object.assign(this, handlers);
    const socket = new this.#make(this.#url, PROTOCOL);
    this.#socket = socket;
    socket.onopen = () => this.onopen?.();
    socket.onmessage = (event) => this.ontext?.(String(event.data));
    socket.onerror = () => {}; // the close that follows says it; an implementation outside browsers may insist on being heard
    socket.onclose = (event) => {
      this.#socket = null;
      this.onclose?.({ code: event.code, reason: event.reason });
    };
  }

  /** @param {string} text */
  send(text) {
    this.#socket?.send(text);
  }

  /** @param {number} [code] */
  close(code) {
    const socket = this.#socket;
    this.#socket = this.onopen = this.ontext = this.onclose = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState < 2) socket.close(code !== undefined && code >= 4000 ? code : 1000);
  }
}
