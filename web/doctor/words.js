// What findings are called.

import { language, t } from '../app/i18n.js';

/** @import { Key } from '../app/i18n.js' */
/** @import { Check, Finding } from './plan.js' */
/** @import { Nat } from './stun_check.js' */

/** @type {Record<Nat, Key>} */
export const NAT_KEYS = { none: 'doctor_nat_none', easy: 'doctor_nat_easy', hard: 'doctor_nat_hard', unknown: 'doctor_nat_unknown', unseen: 'doctor_nat_unseen' };

/** @param {Check} check */
export function describe({ finding, transport }) {
  if (!finding) return t('doctor_running');
  if (finding.outcome === 'unreachable' && finding.nameUnknown) return t('doctor_name_unknown');
  if (finding.outcome === 'ok' && finding.address) return finding.address;
  if (finding.outcome === 'ok' && transport.startsWith('stun')) return t('doctor_answers');
  return t(`doctor_is_${finding.outcome}`, { code: finding.code ?? '' });
}

/**
 * @param {Finding | null} finding
 * @returns {[Key, string][]} name and value with its unit
 */
export function figures(finding) {
  /** @type {[Key, string][]} */
  const shown = [];
  if (!finding) return shown;
  const { openedMs, rttMs, lossPercent, kbps } = finding;
  if (kbps !== undefined) shown.push(['doctor_throughput', kbps >= 1000 ? `${number(kbps / 1000, 1)} Mbit/s` : `${number(kbps, 0)} kbit/s`]);
  if (rttMs !== undefined) shown.push(['doctor_rtt', `${number(rttMs, rttMs < 10 ? 1 : 0)} ms`]);
  if (lossPercent !== undefined) shown.push(['doctor_loss', `${number(lossPercent, 1)} %`]);
  if (openedMs !== undefined && kbps === undefined) shown.push(['doctor_opened', `${number(openedMs, 0)} ms`]);
  return shown;
}

/**
 * @param {number} value
 * @param {number} digits
 */
function number(value, digits) {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}
