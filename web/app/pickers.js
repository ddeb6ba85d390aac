// Choosing devices: <select>s in the lobby, radio buttons in the menus of the call. Both show the same list.

import { make } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { settings } from './settings.js';

/** @import { Me } from './me.js' */
/** @import { Device } from '../client/media.js' */

/** @typedef {'microphone' | 'camera' | 'speaker'} Kind */

/** @param {Me} me */
export function startPickers(me) {
  const refresh = () => {
    for (const select of document.querySelectorAll('select[data-picker]')) fillSelect(/** @type {HTMLSelectElement} */ (select), me);
    for (const group of document.querySelectorAll('fieldset[data-radios]')) fillRadios(/** @type {HTMLFieldSetElement} */ (group), me);
    const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype && me.devices.speakers.length > 0;
    for (const element of document.querySelectorAll('[data-speaker]')) /** @type {HTMLElement} */ (element).hidden = !canChooseSpeaker;
  };
  me.on('devices', refresh);
  me.on('change', refresh);
  onLanguage(refresh);
  refresh();
  document.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLSelectElement && target.dataset.picker) void me.choose(/** @type {Kind} */ (target.dataset.picker), target.value);
    const group = target instanceof HTMLInputElement ? target.closest('fieldset')?.dataset.radios : undefined;
    if (group) void me.choose(/** @type {Kind} */ (group), /** @type {HTMLInputElement} */ (target).value);
  });
  for (const menu of document.querySelectorAll('.menu[popover]')) placeAboveItsButton(/** @type {HTMLElement} */ (menu));
}

/**
 * @param {Kind} kind
 * @param {Me} me
 * @returns {{devices: {id: string, label: string}[], chosen: string}}
 */
function choices(kind, me) {
  /** @type {Device[]} */
  const found = { microphone: me.devices.microphones, camera: me.devices.cameras, speaker: me.devices.speakers }[kind];
  const devices = found.map(({ deviceId, label }, index) => ({
    id: deviceId === 'default' ? '' : deviceId,
    label: deviceId === 'default' ? t('default_device') : label || t('unnamed_device', { count: index + 1 }),
  }));
  const track = kind === 'microphone' ? me.media.microphone : kind === 'camera' ? me.media.camera : null;
  const wanted = track?.getSettings().deviceId ?? settings[kind];
  const chosen = devices.find((device) => device.id === wanted) ?? devices.find((device) => device.id === settings[kind]) ?? devices[0];
  return { devices, chosen: chosen?.id ?? '' };
}

/**
 * @param {HTMLSelectElement} select
 * @param {Me} me
 */
function fillSelect(select, me) {
  const { devices, chosen } = choices(/** @type {Kind} */ (select.dataset.picker), me);
  select.disabled = devices.length === 0;
  const options = devices.length > 0 ? devices : [{ id: '', label: t('no_device') }];
  if (!same([...select.options].map((option) => [option.value, option.label]), options.map(({ id, label }) => [id, label])))
    select.replaceChildren(...options.map(({ id, label }) => new Option(label, id)));
  select.value = chosen;
}

/**
 * @param {HTMLFieldSetElement} group
 * @param {Me} me
 */
function fillRadios(group, me) {
  const kind = /** @type {Kind} */ (group.dataset.radios);
  const { devices, chosen } = choices(kind, me);
  const labels = [...group.querySelectorAll('label')];
  const shown = labels.map((label) => [label.querySelector('input')?.value, label.textContent]);
  if (!same(shown, devices.map(({ id, label }) => [id, label]))) {
    for (const label of labels) label.remove();
    group.querySelector('p')?.remove();
    group.append(...devices.map(({ id, label }) => radio(kind, id, label)));
    if (devices.length === 0) group.append(make('p', 'fine', t('no_device')));
  }
  for (const input of group.querySelectorAll('input')) input.checked = input.value === chosen;
}

/**
 * @param {string} group
 * @param {string} value
 * @param {string} text
 */
function radio(group, value, text) {
  const label = document.createElement('label');
  const input = document.createElement('input');
  Object.assign(input, { type: 'radio', name: `radio-${group}`, value });
  label.append(input, make('span', '', text));
  return label;
}

/** @param {HTMLElement} menu */
function placeAboveItsButton(menu) {
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!button) return;
  const place = () => {
    const width = Math.min(340, innerWidth - 24);
    const x = Math.min(Math.max(button.getBoundingClientRect().right - width, 12), innerWidth - width - 12);
    menu.style.setProperty('--menu-x', `${x}px`);
  };
  menu.addEventListener('beforetoggle', (event) => /** @type {ToggleEvent} */ (event).newState === 'open' && place());
  window.addEventListener('resize', () => menu.matches(':popover-open') && place());
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
