// Before joining: see yourself, pick devices, say who you are. Hands name and room to `onJoin`.

import { byId } from './dom.js';
import { onLanguage, setText } from './i18n.js';
import { meterTrack } from './meter.js';
import { showPermissionHelp } from './permission_help.js';
import { isRoomName, newRoomName } from './room_name.js';
import { remember, settings } from './settings.js';
import { SpeakerTest } from './speaker_test.js';

/** @import { Me } from './me.js' */
/** @import { Key } from './i18n.js' */

export class Lobby {
  #me;
  #onJoin;
  #view = byId('lobby', HTMLElement);
  #name = byId('name', HTMLInputElement);
  #room = byId('room', HTMLInputElement);
  #password = byId('password', HTMLInputElement);
  #button = byId('join-button', HTMLButtonElement);
  #speakerTest = new SpeakerTest();
  /** @type {(() => void) | null} */
  #stopMeter = null;
  /** @type {MediaStreamTrack | null | undefined} */
  #metered;

  /**
   * @param {Me} me
   * @param {(name: string, room: string, password: string) => Promise<void>} onJoin
   * @param {(room: string) => void} onInvite  to show the link to that room
   */
  constructor(me, onJoin, onInvite) {
    this.#me = me;
    this.#onJoin = onJoin;
    byId('join', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId('another-room', HTMLButtonElement).addEventListener('click', () => {
      this.#room.value = newRoomName();
      showProblem(this.#room, 'room-problem', null);
    });
    byId('lobby-invite', HTMLButtonElement).addEventListener('click', () => onInvite(this.#room.value.trim()));
    byId('device-retry', HTMLButtonElement).addEventListener('click', () => void me.retry());
    me.on('change', () => this.#refresh());
    onLanguage(() => this.#refresh());
    this.#name.value = settings.name;
  }

  get open() {
    return !this.#view.hidden;
  }

  /** @param {string} room '' to let the user choose one */
  show(room) {
    this.#view.hidden = false;
    byId('room-field', HTMLElement).hidden = room !== '';
    this.#room.value = room || newRoomName();
    this.askPassword(null);
    setText(byId('lobby-title', HTMLElement), room ? 'join_title' : 'start_title', { room });
    setText(byId('lobby-lead', HTMLElement), room ? 'join_lead' : 'start_lead');
    this.setBusy(false);
    void this.#me.start();
    this.#refresh();
  }

  hide() {
    this.#view.hidden = true;
    byId('preview-video', HTMLVideoElement).srcObject = null;
    this.#meter(null);
    this.#speakerTest.stop();
  }

  /** @param {'password_needed' | 'password_wrong' | null} problem why one is asked for; null: none is */
  askPassword(problem) {
    byId('password-field', HTMLElement).hidden = problem === null;
    showProblem(this.#password, 'password-problem', problem === 'password_wrong' ? problem : null);
    this.#password.value = '';
    if (problem) this.#password.focus();
  }

  /** @param {boolean} busy */
  setBusy(busy) {
    this.#button.disabled = busy;
    setText(this.#button.querySelector('span') ?? this.#button, busy ? 'joining' : 'join');
  }

  async #submit() {
    const name = this.#name.value.trim();
    const room = this.#room.value.trim();
    showProblem(this.#name, 'name-problem', name === '' ? 'name_missing' : null);
    showProblem(this.#room, 'room-problem', isRoomName(room) ? null : 'room_invalid');
    const wrong = [this.#name, this.#room].find((input) => input.ariaInvalid === 'true');
    if (wrong) return wrong.focus();
    remember({ name });
    this.setBusy(true);
    await this.#onJoin(name, room, this.#password.value);
    this.setBusy(false);
  }

  #refresh() {
    if (!this.open) return;
    const video = byId('preview-video', HTMLVideoElement);
    // A stream without tracks would keep the page loading for ever.
    const stream = this.#me.cameraOn ? this.#me.preview : null;
    if (video.srcObject !== stream) video.srcObject = stream;
    video.toggleAttribute('data-on', this.#me.cameraOn);
    video.classList.toggle('mirrored', this.#me.mirrored);
    const note = byId('preview-note', HTMLElement);
    note.hidden = this.#me.cameraOn;
    setText(note, this.#noteKey());
    this.#meter(this.#me.media.microphone);
    const problem = problemKey(this.#me);
    byId('device-problem', HTMLElement).hidden = problem === null;
    if (problem) setText(byId('device-problem-text', HTMLElement), problem);
    byId('device-retry', HTMLButtonElement).hidden = problem === 'problem_insecure';
    showPermissionHelp(this.#me.problems);
  }

  /** @returns {Key} */
  #noteKey() {
    if (this.#me.asking) return 'preview_asking';
    switch (this.#me.problems.camera?.code) {
      case undefined:
        return 'preview_off';
      case 'device_missing':
        return 'preview_missing';
      case 'device_busy':
        return 'preview_busy';
      default:
        return 'preview_blocked';
    }
  }

  /** @param {MediaStreamTrack | null} track */
  #meter(track) {
    if (track === this.#metered) return;
    this.#metered = track;
    this.#stopMeter?.();
    const meter = byId('level', HTMLElement);
    const bars = [...meter.children];
    meter.hidden = track === null;
    this.#stopMeter = track && meterTrack(track, (level) => {
      meter.ariaValueNow = String(Math.round(level * 100));
      bars.forEach((bar, index) => bar.classList.toggle('lit', level * bars.length > index + 0.25));
    });
  }
}

/**
 * What to tell about devices that did not open, or null.
 * @param {Me} me
 * @returns {Key | null}
 */
export function problemKey(me) {
  const { camera, microphone } = me.problems;
  const first = camera ?? microphone;
  if (!first) return null;
  if (first.code === 'insecure_context') return 'problem_insecure';
  const kind = first.code === 'permission_denied' ? 'permission' : first.code === 'device_missing' ? 'missing' : 'busy';
  const which = camera && microphone && camera.code === microphone.code ? 'both' : camera ? 'camera' : 'microphone';
  return `problem_${kind}_${which}`;
}

/**
 * @param {HTMLInputElement} input
 * @param {string} id of the place for the message
 * @param {Key | null} key
 */
function showProblem(input, id, key) {
  const place = byId(id, HTMLElement);
  input.ariaInvalid = String(key !== null);
  place.hidden = key === null;
  if (key) setText(place, key);
}
