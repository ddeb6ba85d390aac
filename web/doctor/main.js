// The doctor page: one button, then what the examination finds, a verdict, and a report to copy.

import { byId } from '../app/dom.js';
import { addWords, onLanguage, setText, t } from '../app/i18n.js';
import { announce, toast } from '../app/notices.js';
import { startPreferences } from '../app/preferences.js';
import { remember, settings } from '../app/settings.js';
import { sendBeacon } from './beacon.js';
import { Examination } from './diagnosis.js';
import { en } from './i18n/en.js';
import { ko } from './i18n/ko.js';
import { reportOf } from './report.js';
import { judge } from './verdict.js';
import { progressOf, showDiagnosis, showVerdict } from './view.js';

/** @import { Diagnosis } from './diagnosis.js' */
/** @import { Verdict } from './verdict.js' */

const host = location.port ? location.host : `${location.hostname}:${location.protocol === 'https:' ? 443 : 80}`;
// Tokens stay out of logs: what follows # is sent to nobody.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
const button = byId('start', HTMLButtonElement);
const count = byId('count', HTMLInputElement);

/** @type {Diagnosis | null} */
let diagnosis = null;
/** @type {Verdict | null} */
let verdict = null;

addWords({ en, ko });
startPreferences();
count.checked = settings.countProbe;
count.addEventListener('change', () => remember({ countProbe: count.checked }));
button.addEventListener('click', () => void examine());
byId('copy-report', HTMLButtonElement).addEventListener('click', () => void copyReport());
onLanguage(show);
show();
if (typeof RTCPeerConnection === 'undefined') {
  button.disabled = true;
  byId('unsupported', HTMLElement).hidden = false;
}

async function examine() {
  // Not `disabled`: the focus stays where it is.
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  verdict = null;
  const examination = new Examination(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, token);
  diagnosis = examination.diagnosis;
  examination.on('change', show);
  show();
  announce(t('doctor_checking'));
  const found = await examination.run();
  verdict = judge(found, host);
  button.removeAttribute('aria-disabled');
  show();
  byId('verdict-title', HTMLElement).focus();
  if (count.checked) await sendBeacon(found, '/v1/probe');
}

function show() {
  document.title = `${t('doctor_name')} · Noom`;
  const isRunning = diagnosis !== null && verdict === null;
  byId('results', HTMLElement).hidden = diagnosis === null;
  byId('progress', HTMLElement).hidden = !isRunning;
  for (const id of ['verdict', 'after']) byId(id, HTMLElement).hidden = verdict === null;
  byId('report', HTMLElement).hidden = true;
  setText(byId('start-text', HTMLElement), isRunning ? 'doctor_checking' : diagnosis ? 'doctor_again' : 'doctor_start');
  if (diagnosis) {
    showDiagnosis(diagnosis);
    const { done, all } = progressOf(diagnosis);
    byId('progress-text', HTMLElement).textContent = t('doctor_progress', { done, all });
  }
  if (verdict) showVerdict(verdict, host);
}

async function copyReport() {
  if (!diagnosis || !verdict) return;
  const text = reportOf(diagnosis, verdict, host);
  try {
    await navigator.clipboard.writeText(text);
    toast(t('doctor_copied'));
  } catch {
    byId('report', HTMLElement).hidden = false;
    byId('report-text', HTMLElement).textContent = text;
    toast(t('doctor_not_copied'));
  }
}
