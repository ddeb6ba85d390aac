// A named data channel to one peer, the same object through reconnections: what is behind it comes and goes with the link.

import { NoomError } from './errors.js';
import { Emitter } from './events.js';

/**
 * @typedef {object} ChannelOptions
 * @property {string} label
 * @property {number} id                   negotiated: both ends name the same one, 0 to 1023
 * @property {boolean} [ordered]           default: true
 * @property {number} [maxRetransmits]     with either of these two messages may be lost
 * @property {number} [maxPacketLifeTime]  milliseconds
 *
 * @typedef {object} ChannelEvents
 * @property {null} open
 * @property {null} close                  until it opens again, or for good
 * @property {string | ArrayBuffer} message
 */

const OUTBOX_MESSAGES_MAX = 64;

/** @extends {Emitter<ChannelEvents>} */
export class Channel extends Emitter {
  /** @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {(string | ArrayBuffer)[]} */
  #outbox = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #closed = false;

  /** @param {string} label */
  constructor(label) {
    super();
    /** @readonly */
    this.label = label;
  }

  get isOpen() {
    return this.#channel?.readyState === 'open';
  }

  /** Bytes taken by `send` that are not on their way yet. */
  get bufferedAmount() {
    return this.#channel?.bufferedAmount ?? 0;
  }

  /**
   * While the channel is not open, up to 64 messages are kept for when it is.
   * @param {string | ArrayBuffer} data
   * @returns {boolean} false when the message was not taken
   */
  send(data) {
    if (this.#channel?.readyState === 'open') {
      try {
        this.#channel.send(/** @type {string} */ (data));
        return true;
      } catch {
        // Its buffer is full, or the message is bigger than the other end takes.
        return false;
      }
    }
    if (this.#closed || this.#outbox.length >= OUTBOX_MESSAGES_MAX) return false;
    this.#outbox.push(data);
    return true;
  }

  /**
   * Resolves when no more than `bytes` are buffered; rejects with `connection_lost` when the channel closes before.
   * @param {number} bytes
   * @returns {Promise<void>}
   */
  async drained(bytes) {
    const channel = this.#channel;
    if (!channel || channel.readyState !== 'open') throw lost();
    if (channel.bufferedAmount <= bytes) return;
    channel.bufferedAmountLowThreshold = bytes;
    await new Promise((resolve) => {
      const done = () => {
        channel.removeEventListener('bufferedamountlow', done);
        this.#waiting.delete(done);
        resolve(undefined);
      };
      channel.addEventListener('bufferedamountlow', done);
      this.#waiting.add(done);
    });
    if (channel !== this.#channel || channel.readyState !== 'open') throw lost();
  }

  /**
   * The link's end of it, which has just opened.
   * @param {RTCDataChannel} channel
   */
  attach(channel) {
    this.detach();
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => this.emit('message', data);
    channel.onclose = () => channel === this.#channel && this.detach();
    const kept = this.#outbox;
    this.#outbox = [];
    for (const data of kept) this.send(data);
    this.emit('open', null);
  }

  /** The link is gone. */
  detach() {
    const channel = this.#channel;
    if (!channel) return;
    this.#channel = null;
    channel.onmessage = channel.onclose = null;
    for (const done of this.#waiting) done();
    this.emit('close', null);
  }

  /** For good. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox = [];
    if (this.#channel) this.detach();
    else this.emit('close', null);
  }
}

function lost() {
  return new NoomError('connection_lost', 'The data channel was closed.');
}
