// What a call says of its way to the server: lost, offline, back again, and that the page was asleep meanwhile.

import { byId } from './dom.js';
import { t } from './i18n.js';
import { announce, toast } from './notices.js';

/** @import { Room } from '../client/index.js' */

const LOOK_EVERY_MS = 5_000;
// Browsers let a hidden page's timers run once a minute; beyond that nothing ran at all.
const ASLEEP_MS = 120_000;

export class Connection {
  #reconnecting = byId('reconnecting', HTMLElement);
  #offline = byId('offline', HTMLElement);
  /** @type {Room | null} */
  #room = null;
  #wasReconnecting = false;
  #lookedAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #awake = () => this.#onAwake();
  #change = () => this.#show();

  /** @param {Room} room */
  open(room) {
    this.#room = room;
    this.#lookedAt = Date.now();
    room.on('state', this.#change);
    for (const event of ['online', 'offline']) window.addEventListener(event, this.#change);
    // A frozen page is told when it goes on; a computer that slept tells nobody, but time has passed.
    document.addEventListener('resume', this.#awake);
    this.#timer = setInterval(() => {
      const slept = Date.now() - this.#lookedAt;
      this.#lookedAt = Date.now();
      if (slept > ASLEEP_MS) this.#onAwake();
    }, LOOK_EVERY_MS);
  }

  add() {}
  remove() {}

  close() {
    clearInterval(this.#timer);
    for (const event of ['online', 'offline']) window.removeEventListener(event, this.#change);
    document.removeEventListener('resume', this.#awake);
    this.#room = null;
    this.#wasReconnecting = false;
    this.#reconnecting.hidden = this.#offline.hidden = true;
  }

  #onAwake() {
    this.#lookedAt = Date.now();
    if (this.#room?.state !== 'joined' && this.#room?.state !== 'reconnecting') return;
    this.#room.signaling.wake();
    toast(t('awake_again'));
  }

  #show() {
    const { state } = this.#room ?? {};
    const reconnecting = state === 'reconnecting';
    this.#offline.hidden = (state !== 'joined' && !reconnecting) || navigator.onLine;
    this.#reconnecting.hidden = !reconnecting || !navigator.onLine;
    if (this.#wasReconnecting && state === 'joined') announce(t('reconnected'));
    this.#wasReconnecting = reconnecting;
  }
}
