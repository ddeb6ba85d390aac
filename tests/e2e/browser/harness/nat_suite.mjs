// The suite on the far side of a real NAT, and a Chromium on the near one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchChromium } from './browser.mjs';
import { makeCertificates } from './certificates.mjs';
import { Daemon, WEB_ROOT } from './daemon.mjs';
import { NatNetwork, OTHER_SERVER, SERVER } from './nat.mjs';
import { SECRET } from './suite.mjs';

export const NO_NAMESPACES = 'making network namespaces takes root, ip and nft';
const CHROMIUM = '/usr/bin/chromium';

export class NatSuite {
  network = new NatNetwork();

  static async start() {
    const suite = new NatSuite();
    try {
      await suite.#start();
      return suite;
    } catch (error) {
      await suite.stop().catch(() => {});
      throw error;
    }
  }

  async #start() {
    this.network.up();
    this.network.route('masquerade');
    this.directory = mkdtempSync(path.join(tmpdir(), 'noom-nat-'));
    const { home, certificate, key } = makeCertificates(this.directory, [SERVER]);
    this.home = home;
    const started = { namespace: this.network.outside };
    this.turn = await Daemon.start('noom-turn', {
      listen: { udp: [`${SERVER}:0`, `${OTHER_SERVER}:0`], tcp: [`${SERVER}:0`], tls: [`${SERVER}:0`] },
      tls: { certificate, key },
      relay: { addresses: [SERVER] },
      auth: { realm: 'noom.test', rest_secrets: [SECRET] },
    }, started);
    const [first, second] = this.turn.ready.listeners.filter(({ transport }) => transport === 'udp');
    this.signal = await Daemon.start('noom-signal', {
      listen: { http: [], https: [`${SERVER}:0`] },
      tls: { certificate, key },
      web: { root: WEB_ROOT },
      turn: {
        urls: [
          `stun:${second.address}:${second.port}`,
          `turn:${first.address}:${first.port}?transport=udp`,
          `turn:${SERVER}:${this.turn.port('tcp')}?transport=tcp`,
          `turns:${SERVER}:${this.turn.port('tls')}?transport=tcp`,
        ],
        rest_secret: SECRET,
      },
    }, started);
    this.browser = await launchChromium(home, this.network.wrap(CHROMIUM, this.directory));
  }

  get webPort() {
    return this.signal.ready.listeners[0].port;
  }
  get origin() {
    return `https://${SERVER}:${this.webPort}`;
  }

  /** Another Chromium, where the servers are. */
  async launchOutside() {
    this.outside = await launchChromium(this.home, this.network.wrap(CHROMIUM, this.directory, this.network.outside));
    return this.outside;
  }

  async stop() {
    await this.browser?.close();
    await this.outside?.close();
    const ends = await Promise.allSettled([this.signal, this.turn].map((one) => one?.stop()));
    this.network.down();
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
    for (const { reason } of ends) if (reason) throw reason;
  }
}
