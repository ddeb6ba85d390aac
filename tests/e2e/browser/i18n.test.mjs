// Every word of the pages exists in both languages, with the same parameters, and none is left over.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { en as adminEn } from '../../../web/admin/i18n/en.js';
import { ko as adminKo } from '../../../web/admin/i18n/ko.js';
import { en as callEn } from '../../../web/app/i18n/en.js';
import { ko as callKo } from '../../../web/app/i18n/ko.js';
import { en as doctorEn } from '../../../web/doctor/i18n/en.js';
import { ko as doctorKo } from '../../../web/doctor/i18n/ko.js';
import { WEB_ROOT } from './harness/daemon.mjs';

// Written the same in both, or meant to be in the other language.
const NOT_KOREAN = new Set(['other_language', 'language_other', 'chat_from', 'unnamed_device']);
// Keys that code puts together.
const COMPUTED = [
  /^problem_(permission|missing|busy)_(both|camera|microphone)$/,
  /^theme_(auto|light|dark)$/,
  /^doctor_(about_)?(websocket|sse|poll|stun_v4|stun_v6|turn_udp|turn_tcp|turn_tls|turn_dtls)$/,
  /^doctor_is_(ok|unauthorized|refused|unreachable|no_path|unsupported|off|none)$/,
  /^doctor_rule_(udp|tcp|tls|dtls|websocket|https)$/,
];
const VERDICT = /^doctor_(?:verdict|advice)_(\w+)$/;

const SETS = [
  { of: 'the call page', en: callEn, ko: callKo, pages: ['index.html', '404.html'], folder: 'app' },
  // Beside its own words it has the call page's.
  { of: 'the doctor page', en: doctorEn, ko: doctorKo, shared: callEn, pages: ['doctor/index.html'], folder: 'doctor' },
  { of: "the operator's page", en: adminEn, ko: adminKo, pages: ['admin.html'], folder: 'admin' },
];

for (const { of, en, ko, shared = {}, pages: names, folder } of SETS) {
  const pages = names.map((name) => readFileSync(path.join(WEB_ROOT, name), 'utf8')).join('\n');
  const code = readdirSync(path.join(WEB_ROOT, folder))
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(path.join(WEB_ROOT, folder, name), 'utf8'))
    .join('\n');
  const named = [...pages.matchAll(/data-i18n(?:-label|-placeholder)?="(\w+)"/g)].map((match) => match[1]);

  test(`${of}: both languages have the same keys`, () => {
    assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort());
  });

  test(`${of}: both languages use the same parameters`, () => {
    const parameters = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    for (const key of Object.keys(en)) assert.deepEqual(parameters(ko[key]), parameters(en[key]), key);
  });

  test(`${of}: no text is empty, and the Korean one is Korean`, () => {
    for (const key of Object.keys(en)) {
      assert.notEqual(en[key].trim(), '', key);
      if (!NOT_KOREAN.has(key)) assert.match(ko[key], /[가-힣]/, key);
    }
  });

  test(`${of}: every key the markup names exists`, () => {
    for (const key of named) assert.ok(key in en !== key in shared, key);
  });

  test(`${of}: every key is used`, () => {
    const isVerdict = (key) => VERDICT.test(key) && code.includes(`'${key.replace(VERDICT, '$1')}'`);
    const used = (key) => named.includes(key) || code.includes(`'${key}'`) || COMPUTED.some((pattern) => pattern.test(key)) || isVerdict(key);
    assert.deepEqual(Object.keys(en).filter((key) => !used(key)), []);
  });

  test(`${of}: markup holds no words of its own`, () => {
    const body = pages.replace(/<head>[\s\S]*?<\/head>|<noscript>[\s\S]*?<\/noscript>|<!doctype html>/g, '');
    const left = [...body.matchAll(/>([^<>]*[A-Za-z가-힣][^<>]*)</g)].map((match) => match[1].trim());
    assert.deepEqual(left.filter((text) => text !== 'noom'), []);
  });
}
