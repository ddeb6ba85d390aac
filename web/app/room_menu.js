// The menu "more" of the dock: layout, full screen, and on narrow screens what has no place in the dock.

import { byId } from './dom.js';
import { remember, settings } from './settings.js';

/** @import { Stage } from './stage.js' */

/**
 * @param {Stage} stage
 * @param {{raiseHand: () => void}} actions
 */
export function startRoomMenu(stage, { raiseHand }) {
  const menu = byId('more-menu', HTMLElement);
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (menu.querySelectorAll('[name="layout"]'));
  for (const radio of radios) {
    radio.checked = radio.value === settings.layout;
    radio.addEventListener('change', () => {
      remember({ layout: radio.value === 'speaker' ? 'speaker' : 'grid' });
      stage.arrange();
    });
  }
  menu.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('button')) menu.hidePopover();
  });
  for (const button of document.querySelectorAll('[data-hand]')) button.addEventListener('click', raiseHand);
  const fullscreen = byId('fullscreen', HTMLButtonElement);
  fullscreen.hidden = !document.fullscreenEnabled;
  fullscreen.addEventListener('click', () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  });
}
