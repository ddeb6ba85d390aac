// A real nginx in front of noom-signal, as one that nobody has told of WebSockets: it drops the upgrade, and, where the test wants it,
// collects streams before it passes them on. Listens on a socket in a directory of its own; a Proxy gives it a port.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.mjs';

const START_TIMEOUT_MS = 20_000;

/**
 * What the network lets through.
 * @typedef {'websocket' | 'streams' | 'pages'} Permission
 */

const LOCATIONS = {
  websocket: `
    location = /ws {
      proxy_pass http://signal;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host;
    }`,
  streams: '',
  pages: `
    location /v1/sse {
      proxy_pass http://signal;
      proxy_set_header Host $http_host;
      proxy_ignore_headers X-Accel-Buffering;
      proxy_buffering on;
    }`,
};

export class Nginx {
  #child;
  #exited;
  #ports;
  #reloads = 0;

  /**
   * @param {number | number[]} ports   of noom-signal; with several, each request goes to the next one
   * @param {Permission} permission
   */
  static async start(ports, permission) {
    const nginx = new Nginx([ports].flat(), permission);
    try {
      await until('nginx to listen', START_TIMEOUT_MS, () => {
        if (nginx.#child.exitCode !== null) throw new Error(`nginx ended with ${nginx.#child.exitCode}\n${nginx.log}`);
        return existsSync(nginx.socket) && nginx.#logged('start worker processes', 1);
      });
      return nginx;
    } catch (error) {
      await nginx.stop().catch(() => {});
      throw error;
    }
  }

  constructor(ports, permission) {
    this.#ports = ports;
    this.directory = mkdtempSync(path.join(tmpdir(), 'noom-nginx-'));
    this.socket = path.join(this.directory, 'nginx.sock');
    this.#configure(permission);
    const program = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
    this.#child = spawn(program, ['-p', this.directory, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  get log() {
    const file = path.join(this.directory, 'error.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** From now on, for new connections; those that stand are not touched. @param {Permission} permission */
  async permit(permission) {
    this.#configure(permission);
    this.#child.kill('SIGHUP');
    this.#reloads++;
    // Until its former workers stop accepting, either may answer.
    await until('nginx to read its configuration again', START_TIMEOUT_MS, () => this.#logged('gracefully shutting down', this.#reloads));
  }

  async stop() {
    this.#child.kill('SIGTERM');
    await this.#exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Whether its log says it so often. */
  #logged(what, times) {
    return this.log.split(what).length > times;
  }

  #configure(permission) {
    const asRoot = process.getuid?.() === 0 ? 'user root;' : '';
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ');
    writeFileSync(path.join(this.directory, 'nginx.conf'), `
${asRoot} daemon off; worker_processes 1; pid nginx.pid; error_log error.log notice;
events { worker_connections 256; }
http {
  access_log off; ${temporary}
  upstream signal { ${this.#ports.map((port) => `server 127.0.0.1:${port};`).join(' ')} }
  server {
    listen unix:${this.socket};
    location / {
      proxy_pass http://signal;
      proxy_set_header Host $http_host;
    }
${LOCATIONS[permission]}
  }
}
`);
  }
}
