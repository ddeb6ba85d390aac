// The page and the SDK are typed to the last line, and the SDK's types reach those who import it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

test('@noom/client is packed with its declarations, and a TypeScript program compiles against them', () => {
  const out = mkdtempSync(path.join(tmpdir(), 'noom-types-'));
  try {
    execFileSync(path.join(WEB_ROOT, '../scripts/pack-client'), [out], { stdio: 'pipe' });
    const [archive, ...others] = readdirSync(out);
    assert.deepEqual(others, []);
    execFileSync('tar', ['-xzf', archive], { cwd: out });
    const { types, default: main } = JSON.parse(readFileSync(path.join(out, 'package/package.json'), 'utf8')).exports['.'];
    for (const promised of [types, main]) assert.ok(existsSync(path.join(out, 'package', promised)), `package.json promises ${promised}`);
    const program = {
      compilerOptions: {
        strict: true, noEmit: true, target: 'ES2022', module: 'ES2022', moduleResolution: 'bundler', types: [], skipLibCheck: false,
        paths: { '@noom/client': [path.join(out, 'package', types)] },
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
