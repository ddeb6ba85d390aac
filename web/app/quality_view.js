// One person's part of the quality panel: words for the path, numbers, and their history as two small plots.

import { find, stamp } from './dom.js';
import { localise, setText, t } from './i18n.js';

/** @import { QualitySample, SelectedPath } from '../client/index.js' */
/** @import { Key } from './i18n.js' */

const PLOT = { width: 240, height: 44 };
// The scale of a plot never gets finer than this, so that noise looks like noise.
const SCALE_MIN = { roundTripMs: 100, receivedKbps: 500 };
/** @type {Record<string, Key>} */
const KINDS = { host: 'path_host', srflx: 'path_srflx', prflx: 'path_srflx', relay: 'path_relay' };
const BARS = /** @type {const} */ (['bars_0', 'bars_1', 'bars_2', 'bars_3', 'bars_4']);

export class QualityView {
  element = stamp('quality-person');

  /**
   * @param {string} name
   * @param {QualitySample[]} samples oldest first
   */
  show(name, samples) {
    localise(this.element);
    const last = samples.at(-1);
    find(this.element, '.person-name', HTMLElement).textContent = name;
    const verdict = find(this.element, '.quality-verdict', HTMLElement);
    verdict.dataset.bars = String(last?.bars ?? 0);
    setText(verdict, BARS[last?.bars ?? 0]);
    /** @type {Record<string, string>} */
    const words = {
      path: pathWords(last?.path ?? null),
      relay: last?.path?.relay ?? '',
      rtt: withUnit(last?.roundTripMs, 'ms'),
      loss: withUnit(last?.lossPercent, '%'),
      jitter: withUnit(last?.jitterMs, 'ms'),
      rates: last?.receivedKbps == null ? '–' : t('rates', { down: last.receivedKbps, up: last.sentKbps ?? 0 }),
      received: pictureWords(last?.received ?? null),
      sent: pictureWords(last?.sent ?? null) + (last?.limitedBy ? ` · ${t('limited_by', { reason: last.limitedBy })}` : ''),
    };
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll('[data-value]'))) {
      const text = words[place.dataset.value ?? ''] ?? '';
      place.textContent = text;
      const row = place.closest('div');
      if (row) row.hidden = text === '';
    }
    this.#plot('roundTripMs', samples);
    this.#plot('receivedKbps', samples);
  }

  /**
   * @param {'roundTripMs' | 'receivedKbps'} key
   * @param {QualitySample[]} samples
   */
  #plot(key, samples) {
    const values = samples.map((sample) => sample[key]);
    const highest = Math.max(SCALE_MIN[key], ...values.map((value) => value ?? 0));
    const step = PLOT.width / Math.max(1, samples.length - 1);
    let drawn = '';
    let pen = 'M';
    values.forEach((value, index) => {
      // Where nothing was measured the line is broken.
      if (value === null) pen = 'M';
      else {
        drawn += `${pen}${(index * step).toFixed(1)} ${(PLOT.height - 2 - (value / highest) * (PLOT.height - 4)).toFixed(1)}`;
        pen = 'L';
      }
    });
    find(this.element, `[data-plot="${key}"] path`, SVGPathElement).setAttribute('d', drawn);
    find(this.element, `[data-highest="${key}"]`, HTMLElement).textContent = withUnit(Math.round(highest), key === 'roundTripMs' ? 'ms' : 'kb/s');
  }
}

/** @param {SelectedPath | null} path */
function pathWords(path) {
  if (!path) return t('path_none');
  const side = (/** @type {string} */ kind) => (KINDS[kind] ? t(KINDS[kind]) : kind);
  const protocol = path.protocol.toUpperCase();
  return path.local === path.remote ? `${side(path.local)} · ${protocol}` : `${side(path.local)} ↔ ${side(path.remote)} · ${protocol}`;
}

/** @param {QualitySample['received']} picture */
function pictureWords(picture) {
  return picture ? `${picture.width}×${picture.height} · ${picture.framesPerSecond} fps` : '–';
}

/**
 * @param {number | null | undefined} value
 * @param {string} unit
 */
function withUnit(value, unit) {
  return value == null ? '–' : `${value} ${unit}`;
}
