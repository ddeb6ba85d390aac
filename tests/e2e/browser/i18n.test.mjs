// Every word of the page exists in both languages, with the same parameters, and none is left over.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { en } from '../../../web/app/i18n/en.js';
import { ko } from '../../../web/app/i18n/ko.js';
import { WEB_ROOT } from './harness/daemon.mjs';

// Written the same in both, or meant to be in the other language.
const NOT_KOREAN = new Set(['language_switch', 'language_other', 'chat_from', 'unnamed_device']);
// Keys that code puts together.
const COMPUTED = [/^problem_(permission|missing|busy)_(both|camera|microphone)$/, /^theme_(auto|light|dark)$/];

const pages = ['index.html', '404.html'].map((name) => readFileSync(path.join(WEB_ROOT, name), 'utf8')).join('\n');
const code = readdirSync(path.join(WEB_ROOT, 'app'))
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(path.join(WEB_ROOT, 'app', name), 'utf8'))
  .join('\n');
const named = [...pages.matchAll(/data-i18n(?:-label|-placeholder)?="(\w+)"/g)].map((match) => match[1]);

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(ko).sort(), Object.keys(en).sort());
});

test('both languages use the same parameters', () => {
  const parameters = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const key of Object.keys(en)) assert.deepEqual(parameters(ko[key]), parameters(en[key]), key);
});

test('no text is empty, and the Korean one is Korean', () => {
  for (const key of Object.keys(en)) {
    assert.notEqual(en[key].trim(), '', key);
    if (!NOT_KOREAN.has(key)) assert.match(ko[key], /[가-힣]/, key);
  }
});

test('every key the markup names exists', () => {
  for (const key of named) assert.ok(key in en, key);
});

test('every key is used', () => {
  const used = (key) => named.includes(key) || code.includes(`'${key}'`) || COMPUTED.some((pattern) => pattern.test(key));
  assert.deepEqual(Object.keys(en).filter((key) => !used(key)), []);
});

test('markup holds no words of its own', () => {
  const body = pages.replace(/<head>[\s\S]*?<\/head>|<noscript>[\s\S]*?<\/noscript>|<!doctype html>/g, '');
  const left = [...body.matchAll(/>([^<>]*[A-Za-z가-힣][^<>]*)</g)].map((match) => match[1].trim());
  assert.deepEqual(left.filter((text) => text !== 'noom'), []);
});
