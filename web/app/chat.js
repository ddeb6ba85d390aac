// The chat panel. Messages travel over the data channel `chat`, as {"text": …}, straight between browsers.

import { byId, make } from './dom.js';
import { onLanguage, setText, t } from './i18n.js';
import { announce } from './notices.js';

/** @import { Panels } from './panels.js' */

export const CHAT_CHANNEL = 'chat';
const TEXT_MAX = 2_000;
const LOG_MESSAGES_MAX = 500;
const SAME_BREATH_MS = 60_000;

export class Chat {
  #panels;
  #log = byId('chat-log', HTMLElement);
  #text = byId('chat-text', HTMLTextAreaElement);
  #toggle = byId('chat-toggle', HTMLButtonElement);
  #badge = byId('unread', HTMLElement);
  #unread = 0;
  /** @type {{from: object | null, at: number}} */
  #last = { from: null, at: 0 };
  #send;

  /**
   * @param {Panels} panels
   * @param {(message: string) => void} send to everybody
   */
  constructor(panels, send) {
    this.#panels = panels;
    this.#send = send;
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener('keydown', (event) => {
      // While an input method composes, Enter belongs to it.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    panels.on('change', (open) => {
      if (open === 'chat') {
        this.#unread = 0;
        this.#scrollToEnd();
      }
      this.#showUnread();
    });
    onLanguage(() => this.#showUnread());
  }

  clear() {
    for (const message of this.#log.querySelectorAll('.chat-message')) discard(message);
    byId('chat-empty', HTMLElement).hidden = false;
    this.#last = { from: null, at: 0 };
    this.#unread = 0;
    this.#text.value = '';
    this.#showUnread();
  }

  /**
   * A frame from somebody's data channel. Whatever is not a message is ignored.
   * @param {object} from one object per person
   * @param {string} name
   * @param {unknown} data
   */
  receive(from, name, data) {
    const text = readMessage(data);
    if (text === null) return;
    this.add(from, name, textBody(text), false);
    this.#notice(t('chat_from', { name, text: text.slice(0, 200) }));
  }

  /**
   * Something else than text, with its own controls.
   * @param {object} from one object per person; this chat itself for what is one's own
   * @param {string} name
   * @param {HTMLElement} card
   * @param {string} [notice] what to say of it while the panel is closed
   */
  addCard(from, name, card, notice) {
    const message = this.add(from, name, card, notice === undefined);
    if (notice !== undefined) this.#notice(notice);
    return message;
  }

  /** @param {string} text */
  #notice(text) {
    if (this.#panels.open === 'chat') return;
    this.#unread += 1;
    this.#showUnread();
    announce(text);
  }

  #submit() {
    const text = this.#text.value.trim().slice(0, TEXT_MAX);
    if (text === '') return;
    this.#send(JSON.stringify({ text }));
    this.add(this, t('chat_me'), textBody(text), true);
    this.#text.value = '';
  }

  /**
   * @param {object} from
   * @param {string} name
   * @param {HTMLElement} body
   * @param {boolean} mine
   */
  add(from, name, body, mine) {
    const now = Date.now();
    const follows = this.#last.from === from && now - this.#last.at < SAME_BREATH_MS;
    this.#last = { from, at: now };
    const message = make('div', 'chat-message');
    message.classList.toggle('mine', mine);
    message.classList.toggle('follows', follows);
    const head = make('p', 'from');
    const time = make('time', '', new Date(now).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }));
    const who = make('bdi', '', name);
    if (mine) setText(who, 'chat_me');
    head.append(who, time);
    message.append(head, body);
    byId('chat-empty', HTMLElement).hidden = true;
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 80;
    this.#log.append(message);
    const messages = this.#log.querySelectorAll('.chat-message');
    if (messages.length > LOG_MESSAGES_MAX) discard(messages[0]);
    if (atEnd || mine) this.#scrollToEnd();
    return message;
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #showUnread() {
    this.#badge.hidden = this.#unread === 0;
    // Drawn by dock.css: the number is part of the button's name already.
    this.#badge.dataset.count = this.#unread > 99 ? '99+' : String(this.#unread);
    const label = this.#unread === 0 ? t('chat') : t('chat_unread', { count: this.#unread });
    this.#toggle.setAttribute('aria-label', label);
    this.#toggle.title = label;
  }
}

/**
 * What it holds (a file on its way) ends with it.
 * @param {Element | undefined} message
 */
function discard(message) {
  message?.remove();
  message?.dispatchEvent(new Event('noom:gone'));
}

/** @param {string} text */
function textBody(text) {
  const body = make('p', 'text', text);
  body.dir = 'auto';
  return body;
}

/**
 * @param {unknown} data
 * @returns {string | null}
 */
function readMessage(data) {
  if (typeof data !== 'string' || data.length > TEXT_MAX * 8) return null;
  try {
    const { text } = JSON.parse(data);
    return typeof text === 'string' && text.trim() !== '' ? text.slice(0, TEXT_MAX) : null;
  } catch {
    return null;
  }
}
