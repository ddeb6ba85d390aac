// Files in the chat: offered to everybody, accepted or not by each. Where the browser can, a large file goes to disk as it comes.

import { Files } from '../client/index.js';
import { byId } from './dom.js';
import { DiskSink, memorySink } from './file_sink.js';
import { IncomingCard, OutgoingCard, sizeWords } from './file_card.js';
import { t } from './i18n.js';
import { toast } from './notices.js';
import { nameOf } from './part.js';

/** @import { IncomingFile, Peer } from '../client/index.js' */
/** @import { Chat } from './chat.js' */

// What a hostile peer can put on the page at a time is limited by the SDK (16 offers); so is what one person offers at a time.
const FILES_AT_ONCE_MAX = 10;

export class Transfers {
  #chat;
  /** @type {Map<Peer, Files>} */
  #files = new Map();
  /** @type {Set<{close: () => void}>} cards that hold something */
  #cards = new Set();
  #picker = byId('file-picker', HTMLInputElement);

  /** @param {Chat} chat */
  constructor(chat) {
    this.#chat = chat;
    byId('file-attach', HTMLButtonElement).addEventListener('click', () => this.#picker.click());
    this.#picker.addEventListener('change', () => {
      this.#send([...(this.#picker.files ?? [])]);
      this.#picker.value = '';
    });
    const panel = byId('chat', HTMLElement);
    panel.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      panel.toggleAttribute('data-drop', true);
    });
    panel.addEventListener('dragleave', () => panel.toggleAttribute('data-drop', false));
    panel.addEventListener('drop', (event) => {
      panel.toggleAttribute('data-drop', false);
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.#send([...event.dataTransfer.files]);
    });
    byId('chat-text', HTMLTextAreaElement).addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.#send(files);
    });
  }

  open() {}

  /** @param {Peer} peer */
  add(peer) {
    const files = new Files(peer);
    this.#files.set(peer, files);
    files.on('offer', (file) => this.#onOffer(peer, file));
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#files.get(peer)?.close();
    this.#files.delete(peer);
  }

  close() {
    for (const files of this.#files.values()) files.close();
    this.#files.clear();
    for (const card of this.#cards) card.close();
    this.#cards.clear();
  }

  /** @param {File[]} files */
  #send(files) {
    if (this.#files.size === 0) return toast(t('file_nobody'));
    if (files.length > FILES_AT_ONCE_MAX) toast(t('file_too_many', { count: FILES_AT_ONCE_MAX }));
    for (const file of files.slice(0, FILES_AT_ONCE_MAX)) {
      const transfers = [...this.#files.values()].flatMap((to) => to.send(file) ?? []);
      if (transfers.length === 0) return toast(t('file_too_many', { count: FILES_AT_ONCE_MAX }));
      this.#chat.addCard(this.#chat, t('chat_me'), new OutgoingCard(file, transfers).element);
    }
    return undefined;
  }

  /**
   * @param {Peer} peer
   * @param {IncomingFile} file
   */
  #onOffer(peer, file) {
    const card = new IncomingCard(file, () => chooseSink(file));
    this.#cards.add(card);
    const message = this.#chat.addCard(peer, nameOf(peer), card.element, t('file_offered', { name: nameOf(peer), file: file.name, size: sizeWords(file.size) }));
    message.addEventListener('noom:gone', () => {
      card.close();
      this.#cards.delete(card);
    });
  }
}

/** @param {IncomingFile} file */
async function chooseSink(file) {
  return (await DiskSink.open(file)) ?? memorySink;
}
