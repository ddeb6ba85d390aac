// The chat panel. Messages travel over the data channel `chat`, as {"text": …}, straight between browsers.

import { byId, make } from './dom.js';
import { onLanguage, setText, t } from './i18n.js';
import { announce } from './notices.js';

export const CHAT_CHANNEL = 'chat';
const TEXT_MAX = 2_000;
const LOG_MESSAGES_MAX = 500;
const SAME_BREATH_MS = 60_000;

export class Chat {
  #panel = byId('chat', HTMLElement);
  #log = byId('chat-log', HTMLElement);
  #text = byId('chat-text', HTMLTextAreaElement);
  #toggle = byId('chat-toggle', HTMLButtonElement);
  #badge = byId('unread', HTMLElement);
  #unread = 0;
  /** @type {{from: object | null, at: number}} */
  #last = { from: null, at: 0 };
  #send;

  /** @param {(message: string) => void} send to everybody */
  constructor(send) {
    this.#send = send;
    this.#toggle.addEventListener('click', () => this.setOpen(this.#panel.hidden));
    byId('chat-close', HTMLButtonElement).addEventListener('click', () => this.setOpen(false));
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
    this.#panel.addEventListener('keydown', (event) => event.key === 'Escape' && !event.isComposing && this.setOpen(false));
    onLanguage(() => this.#showUnread());
  }

  /** @param {boolean} open */
  setOpen(open) {
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#panel.hidden = !open;
    this.#toggle.ariaExpanded = String(open);
    if (open) {
      this.#unread = 0;
      this.#scrollToEnd();
      this.#text.focus();
    } else if (hadFocus) {
      this.#toggle.focus();
    }
    this.#showUnread();
  }

  clear() {
    for (const message of this.#log.querySelectorAll('.chat-message')) message.remove();
    byId('chat-empty', HTMLElement).hidden = false;
    this.#last = { from: null, at: 0 };
    this.#unread = 0;
    this.#text.value = '';
    this.setOpen(false);
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
    const shownName = name.trim() || t('someone');
    this.#add(from, shownName, text, false);
    if (!this.#panel.hidden) return;
    this.#unread += 1;
    this.#showUnread();
    announce(t('chat_from', { name: shownName, text: text.slice(0, 200) }));
  }

  #submit() {
    const text = this.#text.value.trim().slice(0, TEXT_MAX);
    if (text === '') return;
    this.#send(JSON.stringify({ text }));
    this.#add(this, t('chat_me'), text, true);
    this.#text.value = '';
  }

  /**
   * @param {object} from
   * @param {string} name
   * @param {string} text
   * @param {boolean} mine
   */
  #add(from, name, text, mine) {
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
    const body = make('p', 'text', text);
    body.dir = 'auto';
    message.append(head, body);
    byId('chat-empty', HTMLElement).hidden = true;
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 80;
    this.#log.append(message);
    const messages = this.#log.querySelectorAll('.chat-message');
    if (messages.length > LOG_MESSAGES_MAX) messages[0]?.remove();
    if (atEnd || mine) this.#scrollToEnd();
  }

  #scrollToEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #showUnread() {
    this.#badge.hidden = this.#unread === 0;
    this.#badge.textContent = this.#unread > 99 ? '99+' : String(this.#unread);
    const label = this.#unread === 0 ? t('chat') : t('chat_unread', { count: this.#unread });
    this.#toggle.setAttribute('aria-label', label);
    this.#toggle.title = label;
  }
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
