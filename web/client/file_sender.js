// A file on its way to a peer. Not more is sent ahead than the channel and the receiver can take.

import { NoomError } from './errors.js';
import { deferred } from './events.js';
import { FileTransfer, otherEndsReason } from './file_transfer.js';
import { Sha256 } from './sha256.js';

/** @import { Channel } from './channel.js' */

export const PIECE_BYTES = 16 * 1024;
const HEADER_BYTES = 4;
const READ_BYTES = 256 * 1024;
// In the channel's own buffer: enough to keep the path busy, little enough that chat beside it does not wait long.
const BUFFERED_MAX = 1024 * 1024;
const BUFFERED_LOW = 256 * 1024;
/** Sent, but not yet in the receiver's hands. */
export const AHEAD_BYTES_MAX = 4 * 1024 * 1024;

/** @extends {FileTransfer<void>} */
export class OutgoingFile extends FileTransfer {
  #blob;
  #sent = 0;
  /** @type {import('./events.js').Deferred<void> | null} */
  #credit = null;

  /**
   * @param {Channel} channel
   * @param {number} id
   * @param {Blob} blob
   * @param {string} name
   */
  constructor(channel, id, blob, name) {
    super(channel, { id, name, size: blob.size, type: blob.type });
    this.#blob = blob;
  }

  /** @returns {boolean} false when the channel does not take it */
  offer() {
    const { name, size, type } = this;
    return this.say('offer', { name, size, type });
  }

  cancel() {
    if (this.isOver) return;
    this.say('cancel', { by: 'sender', code: 'cancelled' });
    this.fail(new NoomError('cancelled', 'The transfer was cancelled by this side.'));
  }

  /**
   * @param {string} kind
   * @param {any} about
   */
  hear(kind, about) {
    if (kind === 'accept' && this.state === 'offered') void this.#send();
    else if (kind === 'reject' && this.state === 'offered') this.fail(new NoomError('rejected', 'The other end does not want the file.'));
    else if (kind === 'have' && Number.isSafeInteger(about.bytes) && about.bytes <= this.#sent) this.#onHave(about.bytes);
    else if (kind === 'done' && this.#sent === this.size && this.state === 'moving') this.#onDone();
    else if (kind === 'cancel') this.fail(otherEndsReason(about.code));
  }

  /**
   * @protected
   * @override
   * @param {NoomError} error
   */
  fail(error) {
    super.fail(error);
    this.#credit?.resolve();
  }

  /** @param {number} bytes */
  #onHave(bytes) {
    this.advance(bytes);
    this.#credit?.resolve();
    this.#credit = null;
  }

  #onDone() {
    this.advance(this.size);
    this.finish(undefined);
  }

  async #send() {
    this.begin();
    const hash = new Sha256();
    try {
      while (this.#sent < this.size) {
        const read = new Uint8Array(await this.#blob.slice(this.#sent, this.#sent + READ_BYTES).arrayBuffer());
        for (let at = 0; at < read.length; at += PIECE_BYTES - HEADER_BYTES) {
          const piece = read.subarray(at, at + PIECE_BYTES - HEADER_BYTES);
          hash.update(piece);
          await this.#whenTaken();
          if (this.isOver) return;
          if (!this.channel.isOpen || !this.channel.send(this.#packed(piece))) return this.lose();
          this.#sent += piece.length;
        }
      }
      if (!this.isOver) this.say('end', { sha256: hash.digest() });
    } catch (thrown) {
      if (this.isOver) return;
      this.say('cancel', { by: 'sender', code: 'cancelled' });
      this.fail(thrown instanceof NoomError ? thrown : new NoomError('cancelled', 'The file cannot be read.', { cause: thrown }));
    }
  }

  async #whenTaken() {
    while (this.#sent - this.bytes >= AHEAD_BYTES_MAX && !this.isOver) {
      this.#credit = deferred();
      await this.#credit.promise;
    }
    if (this.channel.bufferedAmount > BUFFERED_MAX) await this.channel.drained(BUFFERED_LOW);
  }

  /** @param {Uint8Array} piece */
  #packed(piece) {
    const packed = new Uint8Array(HEADER_BYTES + piece.length);
    new DataView(packed.buffer).setUint32(0, this.id);
    packed.set(piece, HEADER_BYTES);
    return packed.buffer;
  }
}
