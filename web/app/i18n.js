// Words in two languages. Markup names its words by data-i18n* attributes; code uses t() or setText(), which survives a switch.

import { en } from './i18n/en.js';
import { ko } from './i18n/ko.js';

/** @typedef {keyof typeof en | keyof typeof import('../doctor/i18n/en.js').en} Key */
/** @typedef {Record<string, string | number>} Parameters */
/** @typedef {'en' | 'ko'} Language */

/** @type {Record<Language, Partial<Record<Key, string>>>} */
const TABLES = { en: { ...en }, ko: { ...ko } };

/** @type {WeakMap<Element, {key: Key, parameters: Parameters}>} */
const parametric = new WeakMap();
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Words of one page, beside those that all share.
 * @param {Record<Language, Partial<Record<Key, string>>>} words
 */
export function addWords(words) {
  Object.assign(TABLES.en, words.en);
  Object.assign(TABLES.ko, words.ko);
}

/** @returns {Language} */
export function language() {
  return document.documentElement.lang === 'ko' ? 'ko' : 'en';
}

/**
 * @param {Key} key
 * @param {Parameters} [parameters]
 */
export function t(key, parameters = {}) {
  return (TABLES[language()][key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(parameters[name] ?? whole));
}

/**
 * `one` or `many` after the plural rules of the language; both get {count}.
 * @param {Key} one
 * @param {Key} many
 * @param {number} count
 */
export function tCount(one, many, count) {
  return t(new Intl.PluralRules(language()).select(count) === 'one' ? one : many, { count });
}

/**
 * @param {Element} element
 * @param {Key} key
 * @param {Parameters} [parameters]
 */
export function setText(element, key, parameters = {}) {
  element.setAttribute('data-i18n', key);
  parametric.set(element, { key, parameters });
  element.textContent = t(key, parameters);
}

/**
 * The accessible name of a control, also shown as its tooltip.
 * @param {Element} element
 * @param {Key} key
 */
export function setLabel(element, key) {
  element.setAttribute('data-i18n-label', key);
  element.setAttribute('aria-label', t(key));
  if (element instanceof HTMLButtonElement) element.title = t(key);
}

/** @param {ParentNode} [root] */
export function localise(root = document) {
  for (const element of root.querySelectorAll('[data-i18n]')) {
    const key = /** @type {Key} */ (element.getAttribute('data-i18n'));
    const kept = parametric.get(element);
    element.textContent = t(key, kept?.key === key ? kept.parameters : {});
  }
  for (const element of root.querySelectorAll('[data-i18n-label]')) setLabel(element, /** @type {Key} */ (element.getAttribute('data-i18n-label')));
  for (const element of root.querySelectorAll('[data-i18n-placeholder]'))
    element.setAttribute('placeholder', t(/** @type {Key} */ (element.getAttribute('data-i18n-placeholder'))));
}

/** @param {Language} chosen */
export function setLanguage(chosen) {
  document.documentElement.lang = chosen;
  localise();
  for (const listener of listeners) listener();
}

/**
 * For words that are computed: called after each switch.
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
}
