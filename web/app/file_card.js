// A file in the chat: what it is, how far it came, and what can be done about it. Names come from others: they only ever become textContent.

import { find, setIcon, stamp } from './dom.js';
import { language, localise, onLanguage, setText, t } from './i18n.js';
import { announce } from './notices.js';

/** @import { IncomingFile, NoomError } from '../client/index.js' */
/** @import { OutgoingFile } from '../client/file_sender.js' */
/** @import { Key } from './i18n.js' */
/** @import { Sink } from './file_sink.js' */

const PREVIEW_BYTES_MAX = 20 * 1024 * 1024;
// What an <img> shows without running anything; SVG is left out.
const PREVIEWED = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
/** @type {Record<string, Key>} */
const FAILURES = {
  rejected: 'file_rejected', cancelled: 'file_cancelled', corrupted: 'file_corrupted', connection_lost: 'file_lost', sink_failed: 'file_sink_failed', too_many: 'file_cancelled',
};

class FileCard {
  element = stamp('file-card');
  /** @protected */
  status = find(this.element, '.file-status', HTMLElement);
  /** @protected */
  bar = find(this.element, 'progress', HTMLProgressElement);

  /** @param {{name: string, size: number, type: string}} file */
  constructor({ name, size, type }) {
    localise(this.element);
    find(this.element, '.file-name', HTMLElement).textContent = name;
    find(this.element, '.file-size', HTMLElement).textContent = sizeWords(size);
    this.bar.setAttribute('aria-label', name);
    setIcon(this.element, type.startsWith('image/') ? 'image' : 'file');
    onLanguage(() => this.element.isConnected && localise(this.element));
  }

  /**
   * @protected
   * @param {Key} key
   * @param {import('./i18n.js').Parameters} [parameters]
   */
  say(key, parameters) {
    setText(this.status, key, parameters);
  }

  /**
   * @protected
   * @param {('accept' | 'reject' | 'cancel' | 'save')[]} names
   */
  offer(...names) {
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll('[data-file]'))) button.hidden = !names.some((name) => name === button.dataset.file);
  }

  /**
   * @protected
   * @param {string} name
   */
  button(name) {
    return find(this.element, `[data-file="${name}"]`, HTMLElement);
  }

  /**
   * @protected
   * @param {number} bytes
   * @param {number} size
   */
  progress(bytes, size) {
    this.bar.hidden = false;
    this.bar.value = size === 0 ? 1 : bytes / size;
  }

  /**
   * @protected
   * @param {Blob} blob
   * @param {string} name
   * @returns {string} an address to be revoked
   */
  preview(blob, name) {
    const address = URL.createObjectURL(blob);
    const image = find(this.element, 'img', HTMLImageElement);
    if (PREVIEWED.has(blob.type) && blob.size <= PREVIEW_BYTES_MAX) {
      Object.assign(image, { src: address, alt: name, hidden: false });
      image.addEventListener('error', () => (image.hidden = true), { once: true });
    }
    return address;
  }
}

export class OutgoingCard extends FileCard {
  /**
   * @param {File} file
   * @param {OutgoingFile[]} transfers one for each person
   */
  constructor(file, transfers) {
    super({ name: file.name, size: file.size, type: file.type });
    const cancel = () => transfers.forEach((transfer) => transfer.cancel());
    this.button('cancel').addEventListener('click', cancel);
    /** @type {string[]} */
    const failures = [];
    const refresh = () => {
      const over = transfers.filter((transfer) => transfer.isOver).length;
      const done = transfers.filter((transfer) => transfer.state === 'done').length;
      const moving = transfers.filter((transfer) => transfer.state === 'moving');
      if (over === transfers.length) {
        this.bar.hidden = true;
        this.offer();
        if (done > 0) this.say(transfers.length === 1 ? 'file_delivered' : 'file_delivered_to', { count: done, all: transfers.length });
        else this.say(FAILURES[failures[0] ?? ''] ?? 'file_cancelled');
        return;
      }
      this.offer('cancel');
      if (moving.length === 0) return this.say('file_waiting');
      const bytes = moving.reduce((sum, transfer) => sum + transfer.bytes, 0);
      this.progress(bytes, moving.length * file.size);
      this.say('file_sending', { percent: percent(bytes, moving.length * file.size) });
    };
    for (const transfer of transfers) {
      transfer.on('progress', refresh);
      transfer.on('state', refresh);
      transfer.finished.then(refresh, (/** @type {NoomError} */ error) => {
        failures.push(error.code);
        refresh();
      });
    }
    refresh();
  }
}

export class IncomingCard extends FileCard {
  #file;
  #openSink;
  /** @type {Sink | null} */
  #sink = null;
  #address = '';

  /**
   * @param {IncomingFile} file
   * @param {() => Promise<Sink>} openSink
   */
  constructor(file, openSink) {
    super(file);
    this.#file = file;
    this.#openSink = openSink;
    this.button('accept').addEventListener('click', () => void this.#accept());
    this.button('reject').addEventListener('click', () => file.reject());
    this.button('cancel').addEventListener('click', () => file.cancel());
    file.on('progress', ({ bytes, size }) => {
      this.progress(bytes, size);
      this.say('file_receiving', { percent: percent(bytes, size) });
    });
    file.finished.catch((/** @type {NoomError} */ error) => {
      this.bar.hidden = true;
      this.offer();
      this.say(FAILURES[error.code] ?? 'file_cancelled');
    });
    this.offer('accept', 'reject');
    this.say('file_offer');
  }

  close() {
    this.#file.cancel();
    if (this.#address) URL.revokeObjectURL(this.#address);
    void this.#sink?.discard();
  }

  async #accept() {
    try {
      this.#sink = await this.#openSink();
    } catch {
      // The user closed the dialog: the offer stands.
      return;
    }
    if (this.#file.isOver) return;
    this.offer('cancel');
    this.progress(0, this.#file.size);
    this.say('file_receiving', { percent: 0 });
    try {
      const { stream } = this.#sink;
      const kept = await this.#sink.result(await this.#file.accept(stream ? { sink: stream } : {}));
      this.bar.hidden = true;
      this.offer();
      this.say('file_received');
      announce(t('file_received_name', { file: this.#file.name }));
      if (kept) this.#show(kept);
    } catch {
      void this.#sink.discard();
    }
  }

  /** @param {Blob} blob */
  #show(blob) {
    const { name } = this.#file;
    this.#address = this.preview(blob.type === this.#file.type ? blob : blob.slice(0, blob.size, this.#file.type), name);
    const save = /** @type {HTMLAnchorElement} */ (this.button('save'));
    save.href = this.#address;
    save.download = name;
    this.offer('save');
  }
}

/** @param {number} bytes */
export function sizeWords(bytes) {
  const [unit, divisor] = bytes < 1_000_000 ? ['kilobyte', 1_000] : bytes < 1_000_000_000 ? ['megabyte', 1_000_000] : ['gigabyte', 1_000_000_000];
  const value = Math.max(bytes / Number(divisor), bytes > 0 ? 0.1 : 0);
  return new Intl.NumberFormat(language(), { style: 'unit', unit: String(unit), maximumFractionDigits: 1 }).format(value);
}

/**
 * @param {number} bytes
 * @param {number} size
 */
function percent(bytes, size) {
  return size === 0 ? 100 : Math.floor((100 * bytes) / size);
}
