// Telling people things in passing: a toast for the eye, a live region for the ear.

import { byId, make } from './dom.js';

const TOAST_MS = 4_000;

/**
 * Heard by screen readers only.
 * @param {string} text
 */
export function announce(text) {
  const announcer = byId('announcer', HTMLElement);
  // The same text twice in a row would be no change, and silent.
  announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}

/**
 * Seen and heard.
 * @param {string} text
 */
export function toast(text) {
  announce(text);
  const toasts = byId('toasts', HTMLElement);
  while (toasts.childElementCount >= 3) toasts.firstElementChild?.remove();
  const element = make('div', 'toast', text);
  element.dir = 'auto';
  toasts.append(element);
  setTimeout(() => element.remove(), TOAST_MS);
}
