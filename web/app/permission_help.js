// Where, in this very browser, one allows the camera again. Each has its own place, and its own words for it.

import { byId, make } from './dom.js';
import { setText } from './i18n.js';

/** @import { NoomError } from '../client/index.js' */
/** @import { Key } from './i18n.js' */
/** @import { Source } from '../client/media.js' */

/** @typedef {'chrome' | 'edge' | 'firefox' | 'safari' | 'ios' | 'android' | 'android_firefox' | 'system'} HelpKind */

/** @type {Record<HelpKind, Key[]>} */
const STEPS = {
  chrome: ['help_chrome_1', 'help_chrome_2', 'help_reload'],
  edge: ['help_edge_1', 'help_edge_2', 'help_reload'],
  firefox: ['help_firefox_1', 'help_firefox_2', 'help_again'],
  safari: ['help_safari_1', 'help_safari_2', 'help_reload'],
  ios: ['help_ios_1', 'help_ios_2', 'help_reload'],
  android: ['help_android_1', 'help_android_2', 'help_reload'],
  android_firefox: ['help_android_1', 'help_android_firefox_2', 'help_again'],
  system: ['help_system_mac', 'help_system_windows', 'help_system_then'],
};
/** @type {Record<HelpKind, Key>} */
const TITLES = {
  chrome: 'help_title_chrome', edge: 'help_title_edge', firefox: 'help_title_firefox', safari: 'help_title_safari', ios: 'help_title_ios', android: 'help_title_android',
  android_firefox: 'help_title_android', system: 'help_title_system',
};

/**
 * @param {string} agent    navigator.userAgent
 * @param {number} touches  navigator.maxTouchPoints: an iPad calls itself a Mac
 * @returns {HelpKind}
 */
export function browserOf(agent, touches) {
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touches > 1)) return 'ios';
  if (/Android/.test(agent)) return /Firefox/.test(agent) ? 'android_firefox' : 'android';
  if (/Firefox/.test(agent)) return 'firefox';
  if (/Edg\//.test(agent)) return 'edge';
  return /Safari/.test(agent) && !/Chrom/.test(agent) ? 'safari' : 'chrome';
}

/** @param {Partial<Record<Source, NoomError>>} problems */
export function showPermissionHelp({ camera, microphone }) {
  const help = byId('permission-help', HTMLDetailsElement);
  const denied = [camera, microphone].find((error) => error?.code === 'permission_denied');
  help.hidden = denied === undefined;
  if (!denied) return;
  // Chrome says so when it is the operating system that keeps the device from it.
  const kind = /system/i.test(denied.message) ? 'system' : browserOf(navigator.userAgent, navigator.maxTouchPoints);
  if (help.dataset.kind === kind) return;
  help.dataset.kind = kind;
  setText(byId('permission-help-title', HTMLElement), TITLES[kind]);
  byId('permission-help-steps', HTMLElement).replaceChildren(
    ...STEPS[kind].map((key) => {
      const step = make('li', '');
      setText(step, key);
      return step;
    }),
  );
}
