// What hosts and moderators decide about the room itself: lock, lobby, password, its end.

import { ask, callOff } from './ask.js';
import { byId } from './dom.js';
import { setText, t } from './i18n.js';
import { toast } from './notices.js';
import { tellRefusal } from './part.js';

/** @import { Moderation } from '../client/moderation.js' */
/** @import { Room } from '../client/index.js' */

export class RoomRules {
  #locked = byId('room-locked', HTMLInputElement);
  #lobby = byId('room-lobby', HTMLInputElement);
  #password = byId('room-password-text', HTMLInputElement);
  /** @type {Moderation | null} */
  #moderation = null;

  constructor() {
    this.#locked.addEventListener('change', () => void this.#configure({ locked: this.#locked.checked }));
    this.#lobby.addEventListener('change', () => void this.#configure({ lobby: this.#lobby.checked }));
    byId('room-password', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#setPassword();
    });
    byId('room-password-drop', HTMLButtonElement).addEventListener('click', async () => {
      if (await this.#configure({ password: null })) toast(t('password_is_gone'));
      this.#password.focus();
    });
    byId('room-end', HTMLButtonElement).addEventListener('click', () => void this.#end());
  }

  /** @param {Room} room */
  open({ moderation }) {
    this.#moderation = moderation;
    for (const event of /** @type {const} */ (['role', 'rules'])) moderation.on(event, () => this.#refresh());
  }

  add() {}
  remove() {}

  close() {
    this.#moderation = null;
    this.#password.value = '';
    callOff();
  }

  async #setPassword() {
    const password = this.#password.value;
    if (password === '') return this.#password.focus();
    if (!(await this.#configure({ password }))) return undefined;
    this.#password.value = '';
    return toast(t('password_is_set'));
  }

  async #end() {
    const answer = await ask({ title: 'end_call_title', text: 'end_call_text', yes: 'end_call_yes', grave: true, words: true });
    if (answer) this.#moderation?.endRoom(answer.message).catch(tellRefusal);
  }

  /** @param {{locked?: boolean, lobby?: boolean, password?: string | null}} rules */
  async #configure(rules) {
    try {
      await this.#moderation?.configure(rules);
      return true;
    } catch (error) {
      tellRefusal(/** @type {import('../client/index.js').NoomError} */ (error));
      this.#refresh();
      return false;
    }
  }

  #refresh() {
    const { role, rules } = this.#moderation ?? {};
    if (!rules) return;
    byId('room-rules', HTMLElement).hidden = role !== 'host' && role !== 'moderator';
    for (const element of document.querySelectorAll('[data-host]')) /** @type {HTMLElement} */ (element).hidden = role !== 'host';
    this.#locked.checked = rules.locked;
    this.#lobby.checked = rules.lobby;
    setText(byId('room-password-state', HTMLElement), rules.hasPassword ? 'rule_password_is_set' : 'rule_password_none');
    byId('room-password-drop', HTMLElement).hidden = !rules.hasPassword;
    byId('locked-mark', HTMLElement).hidden = !rules.locked;
  }
}
