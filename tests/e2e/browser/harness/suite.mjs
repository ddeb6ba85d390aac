// The whole suite for one test file: noom-turn and noom-signal on loopback, a cuttable link before signaling, one Chromium.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CallPage, launchChromium } from './browser.mjs';
import { makeCertificates } from './certificates.mjs';
import { Daemon, WEB_ROOT } from './daemon.mjs';
import { Firefox } from './firefox.mjs';
import { Proxy } from './proxy.mjs';
import { SdkPage } from './sdk_page.mjs';

export const SECRET = 'a secret for tests';

export class Suite {
  #pages = [];

  /** `tlsHosts`: under which names clients find the relay over TLS. Firefox takes none that is an address. */
  static async start({ signal = {}, tlsHosts = ['127.0.0.1'] } = {}) {
    const suite = new this();
    try {
      await suite.#start(signal, tlsHosts);
      return suite;
    } catch (error) {
      await suite.stop().catch(() => {});
      throw error;
    }
  }

  async #start(signal, tlsHosts) {
    this.directory = mkdtempSync(path.join(tmpdir(), 'noom-browser-'));
    const { home, authority, certificate, key } = makeCertificates(this.directory);
    this.authority = authority;
    this.turnConfig = {
      listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'], tls: ['127.0.0.1:0'] },
      tls: { certificate, key },
      relay: { addresses: ['127.0.0.1'] },
      auth: { realm: 'noom.test', rest_secrets: [SECRET] },
    };
    this.turn = await Daemon.start('noom-turn', this.turnConfig);
    const at = (transport) => `127.0.0.1:${this.turn.port(transport)}`;
    const defaults = {
      listen: { http: ['127.0.0.1:0'], https: [] },
      web: { root: WEB_ROOT },
      turn: {
        urls: [`turn:${at('udp')}?transport=udp`, `turn:${at('tcp')}?transport=tcp`, ...tlsHosts.map((host) => `turns:${host}:${this.turn.port('tls')}?transport=tcp`)],
        rest_secret: SECRET,
      },
    };
    this.signalConfig = { ...defaults, ...signal };
    for (const [table, keys] of Object.entries(defaults)) this.signalConfig[table] = { ...keys, ...signal[table] };
    this.signal = await Daemon.start('noom-signal', this.signalConfig);
    this.proxy = await Proxy.start(this.signal.port('http'));
    this.origin = `http://127.0.0.1:${this.proxy.port}`;
    this.browser = await launchChromium(home);
  }

  /** A new person who uses the SDK alone, with a network of its own. */
  async sdkPage() {
    const page = await SdkPage.open(this.browser, { signal: this.signal.port('http'), turn: this.turn.port('tcp') });
    this.#pages.push(page);
    return page;
  }

  /** Ends noom-signal and starts it again; it is somewhere else then. */
  async restartSignal() {
    await this.signal.stop();
    this.signal = await Daemon.start('noom-signal', this.signalConfig);
  }

  /** Ends noom-turn and starts it again where it was; what it relayed is gone. */
  async restartTurn() {
    const at = (transport) => [`127.0.0.1:${this.turn.port(transport)}`];
    const listen = { udp: at('udp'), tcp: at('tcp'), tls: at('tls') };
    await this.turn.stop();
    this.turn = await Daemon.start('noom-turn', { ...this.turnConfig, listen });
  }

  /** A new person on the call page: a browser context of its own. */
  async page(options = {}) {
    const page = await CallPage.open(this.browser, this.origin, options);
    this.#pages.push(page);
    return page;
  }

  /** A new person on the call page in Firefox, which is started with the first of them. */
  async firefoxPage() {
    this.firefox ??= await Firefox.launch(this.authority);
    const page = await this.firefox.page(this.origin);
    this.#pages.push(page);
    return page;
  }

  /** Closes every page of this test and fails when one of them reported an error. */
  async closePages() {
    const pages = this.#pages.splice(0);
    const problems = pages.flatMap((page) => page.problems);
    await Promise.all(pages.map((page) => page.close()));
    if (problems.length > 0) throw new Error(`the page reported:\n${problems.join('\n')}`);
  }

  async stop() {
    await this.browser?.close();
    await this.firefox?.close();
    const ends = await Promise.allSettled([this.proxy, this.signal, this.turn].map((one) => one?.stop()));
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
    for (const { reason } of ends) if (reason) throw reason;
  }
}
