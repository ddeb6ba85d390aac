// A file that a peer offers. Nothing of it comes before it is accepted, and never more than was offered.

import { NoomError } from './errors.js';
import { FileTransfer, otherEndsReason } from './file_transfer.js';
import { Sha256 } from './sha256.js';

const TOLD_EVERY_BYTES = 256 * 1024;
// Pieces are put together from time to time, so that the browser may keep them on disk.
const GATHERED_BYTES = 1024 * 1024;

/** @extends {FileTransfer<Blob | null>} */
export class IncomingFile extends FileTransfer {
  #hash = new Sha256();
  #received = 0;
  #told = 0;
  /** @type {Blob[]} */
  #blobs = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pieces = [];
  #piecesBytes = 0;
  /** @type {WritableStreamDefaultWriter<Uint8Array> | null} */
  #writer = null;
  /** @type {Promise<void>} */
  #writing = Promise.resolve();

  /**
   * Resolves when the whole file has come as it was sent.
   * @param {{sink?: WritableStream<Uint8Array>}} [options]  where to put it; without, it becomes a Blob. A slow sink slows the sender
   * @returns {Promise<Blob | null>} null when there is a sink, which is closed then
   */
  accept({ sink } = {}) {
    if (this.state === 'offered') {
      this.#writer = sink?.getWriter() ?? null;
      this.begin();
      this.say('accept');
    }
    return this.finished;
  }

  reject() {
    if (this.state !== 'offered') return;
    this.say('reject');
    this.fail(new NoomError('rejected', 'The file was rejected by this side.'));
  }

  cancel() {
    this.#end('cancelled', 'The transfer was cancelled by this side.');
  }

  /** @param {Uint8Array<ArrayBuffer>} piece */
  take(piece) {
    if (this.state !== 'moving') return;
    this.#received += piece.length;
    if (this.#received > this.size) return this.#end('corrupted', 'More came than was offered.');
    this.#hash.update(piece);
    const received = this.#received;
    if (!this.#writer) {
      this.#keep(piece);
      return this.#tell(received);
    }
    const written = this.#writer.write(piece);
    this.#writing = written.then(() => this.#tell(received)).catch((cause) => this.#end('sink_failed', 'The file could not be kept.', cause));
    return undefined;
  }

  /**
   * @param {string} kind
   * @param {any} about
   */
  hear(kind, about) {
    if (kind === 'cancel') this.fail(otherEndsReason(about.code));
    else if (kind === 'end' && this.state === 'moving') void this.#onEnd(about.sha256);
  }

  /**
   * @protected
   * @override
   * @param {NoomError} error
   */
  fail(error) {
    if (!this.isOver) this.#writer?.abort(error).catch(() => {});
    super.fail(error);
    this.#blobs = this.#pieces = [];
  }

  /** @param {unknown} sha256 */
  async #onEnd(sha256) {
    await this.#writing;
    if (this.isOver) return;
    if (this.#received !== this.size || sha256 !== this.#hash.digest()) return this.#end('corrupted', 'What came is not what was sent.');
    try {
      await this.#writer?.close();
    } catch (cause) {
      return this.#end('sink_failed', 'The file could not be kept.', cause);
    }
    this.advance(this.size);
    this.say('done');
    this.finish(this.#writer ? null : new Blob([...this.#blobs, ...this.#pieces], { type: this.type }));
    this.#blobs = this.#pieces = [];
  }

  /** @param {Uint8Array<ArrayBuffer>} piece */
  #keep(piece) {
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
    if (this.#piecesBytes < GATHERED_BYTES) return;
    this.#blobs.push(new Blob(this.#pieces));
    this.#pieces = [];
    this.#piecesBytes = 0;
  }

  /** @param {number} bytes that are kept by now */
  #tell(bytes) {
    this.advance(bytes);
    if (this.isOver || (bytes - this.#told < TOLD_EVERY_BYTES && bytes !== this.size)) return;
    this.#told = bytes;
    this.say('have', { bytes });
  }

  /**
   * @param {import('./errors.js').LocalErrorCode} code
   * @param {string} message
   * @param {unknown} [cause]
   */
  #end(code, message, cause) {
    if (this.isOver) return;
    this.say('cancel', { by: 'receiver', code });
    this.fail(new NoomError(code, message, { cause }));
  }
}
