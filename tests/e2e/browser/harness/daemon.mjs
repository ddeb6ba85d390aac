// Runs one daemon for a test: ports from the kernel, everything in a directory of its own, ended by its pid.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.mjs';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 60_000;
const SANITIZER_REPORT = /ERROR: (Address|Leak)Sanitizer|runtime error:|WARNING: ThreadSanitizer/;
const ROOT = path.resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../..');

/** The program to test: $NOOM_TURN for noom-turn, as ctest sets it, else the dev build's. */
function binary(name) {
  const variable = name.toUpperCase().replaceAll('-', '_');
  return process.env[variable] ?? path.join(ROOT, 'build/dev', name.replace('noom-', ''), name);
}

/** A table of tables as TOML. JSON's scalars, strings and arrays are TOML's. */
function toml(tables) {
  return Object.entries(tables)
    .map(([name, table]) => [`[${name}]`, ...Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join('\n'))
    .join('\n');
}

export class Daemon {
  #child;
  #exited;

  /** `namespace`: the network namespace it lives in, if not the test's. */
  static async start(name, config, { namespace } = {}) {
    const daemon = new Daemon(name, config, namespace);
    try {
      daemon.ready = await daemon.#untilReady();
      return daemon;
    } catch (error) {
      await daemon.stop().catch(() => {});
      throw error;
    }
  }

  constructor(name, config, namespace) {
    this.name = name;
    this.directory = mkdtempSync(path.join(tmpdir(), `${name}-`));
    this.readyFile = path.join(this.directory, 'ready.json');
    const file = path.join(this.directory, 'config.toml');
    const defaults = { metrics: { listen: ['127.0.0.1:0'] }, daemon: { ready_file: this.readyFile } };
    writeFileSync(file, toml({ ...defaults, ...config, daemon: { ...defaults.daemon, ...config.daemon } }), { mode: 0o600 });
    const log = openSync(path.join(this.directory, 'stderr.log'), 'w');
    // ip becomes the program it runs: its pid is the daemon's.
    const command = [...(namespace ? ['ip', 'netns', 'exec', namespace] : []), binary(name), '--config', file];
    this.#child = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log] });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? signal));
      this.#child.once('error', (error) => resolve(error.message));
    });
    closeSync(log);
  }

  get log() {
    return readFileSync(path.join(this.directory, 'stderr.log'), 'utf8');
  }

  /** The port of the first listener of this transport, as the ready file names it. */
  port(transport) {
    const listener = this.ready.listeners.find((one) => one.transport === transport || one.name === transport);
    if (!listener) throw new Error(`${this.name} does not listen on ${transport}: ${JSON.stringify(this.ready)}`);
    return listener.port;
  }

  /** One sample of /metrics, by its name with labels. */
  async metric(name) {
    const { address, port } = this.ready.metrics;
    const page = await (await fetch(`http://${address}:${port}/metrics`)).text();
    const line = page.split('\n').find((one) => one.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  }

  /** SIGTERM; fails unless the daemon exits with 0 in time and no sanitizer complained. */
  async stop() {
    this.#child.kill('SIGTERM');
    const overdue = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const code = await this.#exited;
    clearTimeout(overdue);
    const log = this.log;
    rmSync(this.directory, { recursive: true, force: true });
    if (code !== 0 || SANITIZER_REPORT.test(log)) throw new Error(`${this.name} ended with ${code}\n${log}`);
  }

  /** SIGKILL: as a machine that loses its power. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #untilReady() {
    let dead;
    void this.#exited.then((code) => (dead = code));
    return until(`${this.name} to be ready`, READY_TIMEOUT_MS, () => {
      if (dead !== undefined) throw new Error(`${this.name} ended with ${dead} before it was ready\n${this.log}`);
      return existsSync(this.readyFile) && JSON.parse(readFileSync(this.readyFile, 'utf8'));
    });
  }
}

export const WEB_ROOT = path.join(ROOT, 'web');
