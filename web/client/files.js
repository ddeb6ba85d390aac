// Files to and from one peer over an ordered, reliable channel. Texts say what happens, binary messages are pieces of at most 16 KiB,
// which every browser takes; the first four bytes are the file's number. The sender chooses the number.
//   sender    {"offer":{"id":1,"name":"a.png","size":123,"type":"image/png"}}   pieces   {"end":{"id":1,"sha256":"…"}}
//   receiver  {"accept":{"id":1}}  {"reject":{"id":1}}   {"have":{"id":1,"bytes":N}} as they come   {"done":{"id":1}}
//   either    {"cancel":{"id":1,"by":"sender" | "receiver","code":"cancelled"}}

import { Emitter } from './events.js';
import { IncomingFile } from './file_receiver.js';
import { OutgoingFile } from './file_sender.js';

/** @import { Channel } from './channel.js' */
/** @import { Peer } from './peer.js' */

/**
 * @typedef {object} FilesEvents
 * @property {IncomingFile} offer   the other end wants to send a file: accept or reject it
 */

// Offers and transfers at a time, in each direction.
const FILES_MAX = 16;
const NAME_CHARACTERS_MAX = 255;
const TEXT_CHARACTERS_MAX = 4096;
export const FILES_CHANNEL = 'files';

/** @extends {Emitter<FilesEvents>} */
export class Files extends Emitter {
  #channel;
  #nextId = 1;
  /** @type {Map<number, OutgoingFile>} */
  #outgoing = new Map();
  /** @type {Map<number, IncomingFile>} */
  #incoming = new Map();
  #stops;

  /**
   * @param {Peer} peer
   * @param {string} [label]  one of the room's channels: ordered, and without losses
   */
  constructor(peer, label = FILES_CHANNEL) {
    super();
    const channel = peer.channel(label);
    if (!channel) throw new TypeError(`The room has no channel "${label}".`);
    this.#channel = /** @type {Channel} */ (channel);
    this.#stops = [channel.on('message', (data) => this.#receive(data)), channel.on('close', () => this.#lose())];
  }

  /**
   * Offers a file to the other end.
   * @param {Blob} blob
   * @param {{name?: string}} [details]  the name of a `File` is its own
   * @returns {OutgoingFile | null} null when too many are on their way, or the peer is gone
   */
  send(blob, { name = 'name' in blob ? String(blob.name) : '' } = {}) {
    if (this.#outgoing.size >= FILES_MAX) return null;
    const file = new OutgoingFile(this.#channel, this.#nextId, blob, cleanName(name));
    if (!file.offer()) return null;
    this.#outgoing.set(this.#nextId++, file);
    file.finished.catch(() => {}).finally(() => this.#outgoing.delete(file.id));
    return file;
  }

  /** Ends every transfer. */
  close() {
    for (const stop of this.#stops) stop();
    for (const file of [...this.#outgoing.values(), ...this.#incoming.values()]) file.cancel();
  }

  #lose() {
    for (const file of [...this.#outgoing.values(), ...this.#incoming.values()]) file.lose();
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    if (typeof data !== 'string') {
      if (data.byteLength > 4) this.#incoming.get(new DataView(data).getUint32(0))?.take(new Uint8Array(data, 4));
      return;
    }
    const [kind, about] = read(data);
    if (kind === 'offer') this.#onOffer(about);
    else if (kind === 'end' || (kind === 'cancel' && about.by === 'sender')) this.#incoming.get(about.id)?.hear(kind, about);
    else this.#outgoing.get(about.id)?.hear(kind, about);
  }

  /** @param {any} offer */
  #onOffer({ id, name, size, type }) {
    const valid = Number.isInteger(id) && id > 0 && id < 2 ** 32 && Number.isSafeInteger(size) && size >= 0;
    if (!valid || this.#incoming.has(id)) return;
    if (this.#incoming.size >= FILES_MAX) {
      this.#channel.send(JSON.stringify({ cancel: { id, by: 'receiver', code: 'too_many' } }));
      return;
    }
    const file = new IncomingFile(this.#channel, { id, size, name: cleanName(String(name ?? '')), type: cleanType(type) });
    this.#incoming.set(id, file);
    file.finished.catch(() => {}).finally(() => this.#incoming.delete(id));
    this.emit('offer', file);
  }
}

/**
 * @param {string} text
 * @returns {[string, any]}
 */
function read(text) {
  try {
    const [entry] = text.length <= TEXT_CHARACTERS_MAX ? Object.entries(JSON.parse(text)) : [];
    return entry && typeof entry[1] === 'object' && entry[1] ? entry : ['', {}];
  } catch {
    return ['', {}];
  }
}

/**
 * No paths, nothing unprintable, nothing that turns the direction of text: a name is shown, and given to a file.
 * @param {string} name
 */
function cleanName(name) {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  const clean = last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').slice(0, NAME_CHARACTERS_MAX);
  return /^\.*$/.test(clean) ? 'file' : clean;
}

/** @param {unknown} type */
function cleanType(type) {
  return typeof type === 'string' && /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(type) ? type : '';
}
