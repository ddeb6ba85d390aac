// The page and the SDK are typed to the last line, and the SDK's types reach those who import it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WEB_ROOT } from './harness/daemon.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TSC = path.join(HERE, 'node_modules/typescript/bin/tsc');

function tsc(...args) {
  assert.ok(existsSync(TSC), `run "npm ci" in ${HERE} first; scripts/test does it`);
  const { status, stdout } = spawnSync(process.execPath, [TSC, ...args], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

test('the page passes tsc --checkJs --strict', () => {
  tsc('-p', path.join(WEB_ROOT, 'tsconfig.json'));
});

test('the declarations of @noom/client are emitted and a TypeScript program compiles against them', () => {
  const out = mkdtempSync(path.join(tmpdir(), 'noom-types-'));
  try {
    tsc('-p', path.join(WEB_ROOT, 'client/tsconfig.json'), '--outDir', path.join(out, 'types'));
    const { types } = JSON.parse(readFileSync(path.join(WEB_ROOT, 'client/package.json'), 'utf8')).exports['.'];
    assert.ok(existsSync(path.join(out, types)), `package.json promises ${types}`);
    const program = {
      compilerOptions: {
        strict: true, noEmit: true, target: 'ES2022', module: 'ES2022', moduleResolution: 'bundler', types: [], skipLibCheck: false,
        paths: { '@noom/client': [path.join(out, types)] },
      },
      files: [path.join(HERE, 'sdk_consumer.ts')],
    };
    writeFileSync(path.join(out, 'tsconfig.json'), JSON.stringify(program));
    tsc('-p', path.join(out, 'tsconfig.json'));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});

test('no lock file names a registry host', () => {
  assert.doesNotMatch(readFileSync(path.join(HERE, 'package-lock.json'), 'utf8'), /"resolved"/);
});
