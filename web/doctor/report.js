// The report that people paste into a ticket: in their language, without credentials.

import { t } from '../app/i18n.js';
import { describe, figures, NAT_KEYS } from './words.js';
import { hostAndPort } from './plan.js';

/** @import { Diagnosis } from './diagnosis.js' */
/** @import { Check } from './plan.js' */
/** @import { Verdict } from './verdict.js' */

/**
 * @param {Diagnosis} diagnosis
 * @param {Verdict} verdict
 * @param {string} host
 * @returns {string}
 */
export function reportOf(diagnosis, verdict, host) {
  const { signaling, stun, relays, nat, refusal } = diagnosis;
  const lines = [
    t('doctor_report_head', { host, time: new Date().toISOString() }),
    navigator.userAgent,
    '',
    t(`doctor_verdict_${verdict.key}`),
    t(`doctor_advice_${verdict.key}`, { host }),
    ...askOf(verdict),
    '',
    ...[...signaling, ...stun, ...relays].map(lineOf),
  ];
  if (nat) lines.push(`- ${t('doctor_nat')}: ${t(NAT_KEYS[nat])}`);
  if (refusal) lines.push(`- ${t('doctor_refusal', { code: refusal })}`);
  return `${lines.join('\n')}\n`;
}

/**
 * What to tell one's network administrator.
 * @param {Verdict} verdict
 * @returns {string[]}
 */
export function askOf({ rules }) {
  if (rules.length === 0) return [];
  return [t('doctor_ask'), ...rules.map(({ protocol, target }) => `- ${t(`doctor_rule_${protocol}`, { target })}`)];
}

/** @param {Check} check */
function lineOf(check) {
  const where = /^turn/.test(check.transport) ? ` ${hostAndPort(check.url)}` : '';
  const measured = figures(check.finding).map(([key, value]) => `${t(key)} ${value}`);
  return `- ${t(`doctor_${check.transport}`)}${where}: ${[describe(check), ...measured].join(', ')}`;
}
