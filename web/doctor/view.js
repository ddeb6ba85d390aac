// The results on the page: three lists that fill while the examination goes on, then the verdict above them.

import { byId, find, make, setIcon, stamp } from '../app/dom.js';
import { localise, t } from '../app/i18n.js';
import { askOf } from './report.js';
import { hostAndPort } from './plan.js';
import { describe, figures, NAT_KEYS } from './words.js';

/** @import { Key } from '../app/i18n.js' */
/** @import { Diagnosis } from './diagnosis.js' */
/** @import { Check, Outcome } from './plan.js' */
/** @import { Nat } from './stun_check.js' */
/** @import { Verdict } from './verdict.js' */

/**
 * What a row says with its mark, beside its words.
 * @typedef {'running' | 'good' | 'fair' | 'bad' | 'calm'} Mood
 *
 * @typedef {object} Row
 * @property {Key} name
 * @property {Key | null} about
 * @property {string} where
 * @property {Mood} mood
 * @property {string} text
 * @property {[Key, string][]} figures
 */

/** @type {Record<Mood, string>} */
const ICONS = { running: '', good: 'check', fair: 'warning', bad: 'close', calm: 'dash' };
/** @type {Record<Outcome, Mood>} */
const MOODS = { ok: 'good', unauthorized: 'bad', refused: 'bad', unreachable: 'bad', no_path: 'bad', unsupported: 'calm', off: 'calm', none: 'calm' };
/** @type {Record<Nat, Mood>} */
const NAT_MOODS = { none: 'good', easy: 'good', hard: 'fair', unknown: 'calm', unseen: 'calm' };

/** @param {Diagnosis} diagnosis */
export function showDiagnosis({ signaling, stun, relays, nat, over, refusal }) {
  fill('signaling', signaling.map(rowOf));
  const reached = signaling.some(({ finding }) => finding?.outcome === 'ok');
  /** @type {Row[]} */
  const natRows = stun.length > 0 ? [natRow(nat)] : [];
  fill('stun', [...stun.map(rowOf), ...natRows]);
  fill('relays', relays.map(rowOf));
  for (const [id, rows] of /** @type {const} */ ([['stun', stun], ['relays', relays]])) {
    const empty = byId(`${id}-empty`, HTMLElement);
    empty.hidden = rows.length > 0;
    empty.textContent = refusal ? t('doctor_refusal', { code: refusal }) : over && reached ? t('doctor_no_relays') : t('doctor_not_yet');
  }
}

/**
 * @param {Verdict} verdict
 * @param {string} host
 */
export function showVerdict(verdict, host) {
  const card = byId('verdict', HTMLElement);
  card.dataset.level = verdict.level;
  setIcon(card, { good: 'check', fair: 'warning', bad: 'close' }[verdict.level]);
  byId('verdict-title', HTMLElement).textContent = t(`doctor_verdict_${verdict.key}`);
  byId('verdict-advice', HTMLElement).textContent = t(`doctor_advice_${verdict.key}`, { host });
  const [head, ...rules] = askOf(verdict);
  byId('ask', HTMLElement).hidden = head === undefined;
  byId('ask-head', HTMLElement).textContent = head ?? '';
  byId('ask-rules', HTMLElement).replaceChildren(...rules.map((rule) => make('li', 'rule', rule.slice(2))));
}

/** @param {Diagnosis} diagnosis */
export function progressOf({ signaling, stun, relays }) {
  const checks = [...signaling, ...stun, ...relays];
  return { done: checks.filter(({ finding }) => finding).length, all: checks.length };
}

/**
 * @param {Check} check
 * @returns {Row}
 */
function rowOf(check) {
  const isRelay = check.transport.startsWith('turn');
  return {
    name: `doctor_${check.transport}`,
    about: isRelay ? null : /** @type {Key} */ (`doctor_about_${check.transport}`),
    where: isRelay ? hostAndPort(check.url) : '',
    mood: check.finding ? MOODS[check.finding.outcome] : 'running',
    text: describe(check),
    figures: figures(check.finding),
  };
}

/**
 * @param {Nat | null} nat
 * @returns {Row}
 */
function natRow(nat) {
  const [mood, text] = nat ? [NAT_MOODS[nat], t(NAT_KEYS[nat])] : [/** @type {const} */ ('running'), t('doctor_running')];
  return { name: 'doctor_nat', about: 'doctor_about_nat', where: '', mood, text, figures: [] };
}

/**
 * @param {string} id
 * @param {Row[]} rows
 */
function fill(id, rows) {
  const list = byId(id, HTMLElement);
  while (list.childElementCount > rows.length) list.lastElementChild?.remove();
  while (list.childElementCount < rows.length) list.append(stamp('check'));
  rows.forEach((row, index) => show(/** @type {HTMLElement} */ (list.children[index]), row));
}

/**
 * @param {HTMLElement} element
 * @param {Row} row
 */
function show(element, { name, about, where, mood, text, figures: values }) {
  element.dataset.mood = mood;
  setIcon(element, ICONS[mood]);
  find(element, '.check-name', HTMLElement).dataset.i18n = name;
  const note = find(element, '.check-note', HTMLElement);
  if (about) note.dataset.i18n = about;
  else note.removeAttribute('data-i18n');
  note.textContent = where;
  note.classList.toggle('where', where !== '');
  find(element, '.check-text', HTMLElement).textContent = text;
  const list = find(element, '.figures', HTMLElement);
  list.hidden = values.length === 0;
  list.replaceChildren(...values.map(([key, value]) => figure(t(key), value)));
  localise(element);
}

/**
 * @param {string} name
 * @param {string} value
 */
function figure(name, value) {
  const element = make('div', '');
  element.append(make('dt', '', name), make('dd', '', value));
  return element;
}
