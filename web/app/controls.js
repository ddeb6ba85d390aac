// The buttons that switch microphone, camera and screen, wherever they stand, and their shortcuts.

import { LocalMedia } from '../client/index.js';
import { setIcon } from './dom.js';
import { setLabel, t } from './i18n.js';
import { announce, toast } from './notices.js';

/** @import { Me } from './me.js' */

/** @typedef {'microphone' | 'camera' | 'screen' | 'flip'} Control */

/** @param {Me} me */
export function startControls(me) {
  /** @type {Record<Control, () => Promise<void>>} */
  const actions = {
    microphone: async () => {
      await me.toggleMicrophone();
      announce(t(me.microphoneOn ? 'microphone_on_now' : 'microphone_off_now'));
    },
    camera: async () => {
      await me.toggleCamera();
      announce(t(me.cameraOn ? 'camera_on_now' : 'camera_off_now'));
    },
    screen: async () => {
      const before = me.sharing;
      await me.toggleScreen();
      if (me.sharing !== before) toast(t(me.sharing ? 'sharing_now' : 'sharing_ended'));
    },
    flip: () => me.flipCamera(),
  };
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('button[data-control]'));
  for (const button of buttons) {
    const control = /** @type {Control} */ (button.dataset.control);
    button.addEventListener('click', () => void busy(button, actions[control]));
  }
  me.on('change', () => buttons.forEach((button) => show(button, me)));
  me.on('devices', () => buttons.forEach((button) => show(button, me)));
  buttons.forEach((button) => show(button, me));

  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.repeat) return;
    const control = { d: /** @type {const} */ ('microphone'), e: /** @type {const} */ ('camera') }[event.key.toLowerCase()];
    if (!control || !document.querySelector('#lobby:not([hidden]), #call:not([hidden])')) return;
    // The browser would open its bookmark or search field.
    event.preventDefault();
    void actions[control]();
  });
  startPushToTalk(me);
}

/**
 * Space, held down anywhere but where it writes or presses something.
 * @param {Me} me
 */
function startPushToTalk(me) {
  document.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const busyElsewhere = event.target instanceof Element && event.target.closest('button, input, select, textarea, a, summary, canvas, dialog, [contenteditable]');
    if (busyElsewhere || !document.querySelector('#call:not([hidden])')) return;
    event.preventDefault();
    void me.talk(true);
  });
  document.addEventListener('keyup', (event) => event.key === ' ' && void me.talk(false));
  window.addEventListener('blur', () => void me.talk(false));
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} action
 */
async function busy(button, action) {
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  await action();
  button.ariaBusy = null;
}

/**
 * @param {HTMLButtonElement} button
 * @param {Me} me
 */
function show(button, me) {
  button.disabled = me.watching;
  switch (button.dataset.control) {
    case 'microphone':
      return showSwitch(button, me.microphoneOn, me.microphoneOn ? 'mic' : 'mic-off', 'microphone_toggle');
    case 'camera':
      return showSwitch(button, me.cameraOn, me.cameraOn ? 'camera' : 'camera-off', 'camera_toggle');
    case 'screen':
      button.hidden = !LocalMedia.canShareScreen;
      button.ariaPressed = String(me.sharing);
      return setLabel(button, 'screen_label');
    case 'flip':
      button.hidden = !me.canFlip;
      return setLabel(button, 'flip_label');
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} on
 * @param {string} icon
 * @param {import('./i18n.js').Key} label
 */
function showSwitch(button, on, icon, label) {
  button.ariaPressed = String(on);
  button.toggleAttribute('data-off', !on);
  setIcon(button, icon);
  setLabel(button, label);
}
