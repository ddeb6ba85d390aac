// What the page remembers on this device. Works without storage too; then it is forgotten with the page.

/**
 * @typedef {object} Settings
 * @property {string} name
 * @property {'auto' | 'light' | 'dark'} theme
 * @property {'' | 'en' | 'ko'} language      '' follows the browser
 * @property {boolean} microphoneOn
 * @property {boolean} cameraOn
 * @property {string} microphone             device ids
 * @property {string} camera
 * @property {string} speaker
 * @property {'grid' | 'speaker'} layout
 * @property {boolean} countProbe          whether noom-signal may count what the doctor page finds
 */

const KEY = 'noom.settings';

/** @type {Settings} */
const DEFAULTS = { name: '', theme: 'auto', language: '', microphoneOn: true, cameraOn: true, microphone: '', camera: '', speaker: '', layout: 'grid', countProbe: true };

/** @type {Settings} */
export const settings = { ...DEFAULTS, ...read() };

/** @param {Partial<Settings>} change */
export function remember(change) {
  Object.assign(settings, change);
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Private windows may refuse: the choice lasts as long as the page.
  }
}

/** @returns {Partial<Settings>} the fields that have the type they should have */
function read() {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (!['auto', 'light', 'dark'].includes(saved.theme)) delete saved.theme;
    if (!['grid', 'speaker'].includes(saved.layout)) delete saved.layout;
    return Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, typeof saved[key] === typeof value ? saved[key] : value]));
  } catch {
    return {};
  }
}
