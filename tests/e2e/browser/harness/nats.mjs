// A real nats-server of a test's own, on a port from the kernel.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.mjs';

export class Nats {
  #child;
  #exited;

  static async start() {
    const nats = new Nats();
    nats.directory = mkdtempSync(path.join(tmpdir(), 'nats-'));
    const config = path.join(nats.directory, 'nats.conf');
    writeFileSync(config, `host: 127.0.0.1\nport: -1\nports_file_dir: ${JSON.stringify(nats.directory)}\n`);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
    nats.#child = spawn('nats-server', ['--config', config], { stdio: 'ignore', env });
    nats.#exited = new Promise((resolve) => {
      nats.#child.once('exit', resolve);
      nats.#child.once('error', resolve);
    });
    nats.url = await until('nats-server to listen', 20_000, () => {
      const file = readdirSync(nats.directory).find((name) => name.endsWith(`_${nats.#child.pid}.ports`));
      const text = file ? readFileSync(path.join(nats.directory, file), 'utf8') : '';
      return text.endsWith('}') && JSON.parse(text).nats[0];
    });
    return nats;
  }

  async stop() {
    this.#child.kill();
    await this.#exited;
    rmSync(this.directory, { recursive: true, force: true });
  }
}
