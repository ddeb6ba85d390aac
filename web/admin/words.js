// Words, times and amounts in the operator's language. Markup names its words by data-i18n and data-i18n-placeholder.

import { en } from './i18n/en.js';
import { ko } from './i18n/ko.js';

/** @typedef {keyof typeof en} Key */
/** @typedef {'en' | 'ko'} Language */

/** @type {Record<Language, Record<Key, string>>} */
const TABLES = { en, ko };
const STORED = 'noom-admin-language';
const UNITS = /** @type {const} */ (['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']);

/** @type {Language} */
let language = (localStorage.getItem(STORED) ?? navigator.language).startsWith('ko') ? 'ko' : 'en';

/** @param {Key} key @param {Record<string, string | number>} [values] */
export function word(key, values = {}) {
  return TABLES[language][key].replaceAll(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Says it where the markup names it. */
export function speak() {
  document.documentElement.lang = language;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-i18n]'))) {
    element.textContent = word(/** @type {Key} */ (element.dataset['i18n']));
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-i18n-placeholder]'))) {
    element.setAttribute('placeholder', word(/** @type {Key} */ (element.dataset['i18nPlaceholder'])));
  }
}

export function switchLanguage() {
  language = language === 'en' ? 'ko' : 'en';
  localStorage.setItem(STORED, language);
  speak();
}

/** @param {number} seconds since 1970 */
export function timeOf(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' }).format(date);
}

/** @param {number} count */
export function countOf(count) {
  return new Intl.NumberFormat(language, { notation: count >= 100_000 ? 'compact' : 'standard' }).format(count);
}

/** @param {number} bytes */
export function bytesOf(bytes) {
  let step = 0;
  let amount = bytes;
  while (amount >= 1000 && step < UNITS.length - 1) {
    amount /= 1000;
    step += 1;
  }
  const maximumFractionDigits = amount < 10 && step > 0 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: 'unit', unit: UNITS[step], unitDisplay: 'short', maximumFractionDigits }).format(amount);
}
