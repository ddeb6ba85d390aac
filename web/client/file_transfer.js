// What a file on its way has in common in both directions.

import { NoomError } from './errors.js';
import { Emitter, deferred } from './events.js';

/** @import { Channel } from './channel.js' */

/**
 * @typedef {'offered' | 'moving' | 'done' | 'failed'} FileState
 *
 * @typedef {object} FileEvents
 * @property {{bytes: number, size: number}} progress  bytes that the receiver has
 * @property {FileState} state
 */

/**
 * @template Result
 * @extends {Emitter<FileEvents>}
 */
export class FileTransfer extends Emitter {
  /** @type {FileState} */
  #state = 'offered';
  #bytes = 0;
  /** @type {import('./events.js').Deferred<Result>} */
  #finished = deferred();
  /** @protected */
  channel;

  /**
   * @param {Channel} channel
   * @param {{id: number, name: string, size: number, type: string}} file
   */
  constructor(channel, { id, name, size, type }) {
    super();
    this.channel = channel;
    /** @readonly */
    this.id = id;
    /** @readonly Without a path. */
    this.name = name;
    /** @readonly Bytes. */
    this.size = size;
    /** @readonly The media type; `''` when unknown. */
    this.type = type;
    this.#finished.promise.catch(() => {});
  }

  get state() {
    return this.#state;
  }

  /** Bytes that the receiver has. */
  get bytes() {
    return this.#bytes;
  }

  /** Rejects with `rejected`, `cancelled`, `too_many`, `corrupted`, `connection_lost`, or `sink_failed` where the receiver could not keep it. */
  get finished() {
    return this.#finished.promise;
  }

  get isOver() {
    return this.#state === 'done' || this.#state === 'failed';
  }

  /** The channel is gone. */
  lose() {
    this.fail(new NoomError('connection_lost', 'The connection was lost while the file was on its way.'));
  }

  /**
   * @protected
   * @param {string} kind
   * @param {object} about
   * @returns {boolean}
   */
  say(kind, about = {}) {
    return this.channel.send(JSON.stringify({ [kind]: { id: this.id, ...about } }));
  }

  /** @protected */
  begin() {
    this.#setState('moving');
  }

  /**
   * @protected
   * @param {number} bytes
   */
  advance(bytes) {
    if (bytes <= this.#bytes || bytes > this.size || this.isOver) return;
    this.#bytes = bytes;
    this.emit('progress', { bytes, size: this.size });
  }

  /**
   * @protected
   * @param {Result} result
   */
  finish(result) {
    if (this.isOver) return;
    this.#setState('done');
    this.#finished.resolve(result);
  }

  /**
   * @protected
   * @param {NoomError} error
   */
  fail(error) {
    if (this.isOver) return;
    this.#setState('failed');
    this.#finished.reject(error);
  }

  /** @param {FileState} state */
  #setState(state) {
    this.#state = state;
    this.emit('state', state);
  }
}

/** @param {unknown} code what the other end gave as its reason */
export function otherEndsReason(code) {
  const known = ['cancelled', 'too_many', 'corrupted', 'sink_failed'].find((one) => one === code);
  return new NoomError(known ?? 'cancelled', 'The other end has ended the transfer.');
}
