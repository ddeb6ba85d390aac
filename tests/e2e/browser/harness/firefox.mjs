// Debian's Firefox, driven over WebDriver BiDi: the call page as a person uses it there, with the verbs of CallPage that its tests need.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { PATIENCE_MS } from './browser.mjs';
import { until } from './until.mjs';

// A camera and a microphone that need nobody; candidates on loopback, where the relay is.
const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

export class Firefox {
  /** @param {string} authority   file of the certificate authority it trusts */
  static async launch(authority) {
    const firefox = new Firefox();
    firefox.directory = mkdtempSync(path.join(tmpdir(), 'noom-firefox-'));
    const certutil = (...args) => execFileSync('certutil', ['-d', `sql:${firefox.directory}`, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    certutil('-N', '--empty-password');
    certutil('-A', '-n', 'Noom test authority', '-t', 'C,,', '-i', authority);
    // HOME of its own: Firefox refuses one that belongs to somebody else.
    const home = path.join(firefox.directory, 'home');
    mkdirSync(home);
    firefox.browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      userDataDir: firefox.directory,
      extraPrefsFirefox: PREFERENCES,
      protocolTimeout: PATIENCE_MS,
      env: { ...process.env, HOME: home, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
    });
    return firefox;
  }

  async page(origin) {
    return FirefoxPage.open(await this.browser.createBrowserContext(), origin);
  }

  async close() {
    await this.browser.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class FirefoxPage {
  #reported = [];
  #expected = [];

  static async open(context, origin) {
    const person = new FirefoxPage();
    person.origin = origin;
    person.context = context;
    person.page = await context.newPage();
    person.page.setDefaultTimeout(PATIENCE_MS);
    person.page.on('pageerror', (error) => person.#reported.push(`exception: ${error.message}`));
    await person.page.setViewport({ width: 1280, height: 720 });
    // The SDK is watched from outside: its connections are collected, nothing is changed.
    await person.page.evaluateOnNewDocument(() => {
      window.noomConnections = [];
      const Original = window.RTCPeerConnection;
      window.RTCPeerConnection = class extends Original {
        constructor(...args) {
          super(...args);
          window.noomConnections.push(this);
        }
      };
    });
    return person;
  }

  /** What the page threw, without what the test expects. */
  get problems() {
    return this.#reported.filter((problem) => !this.#expected.some((pattern) => pattern.test(problem)));
  }

  /** Firefox tells of each refused WebSocket as if it were thrown; where signaling is cut, that is the point. */
  expectSignalingFailures() {
    this.#expected.push(/establish a connection to the server at wss?:|connection to wss?:.* was interrupted/);
  }

  async goto(address) {
    const response = await this.page.goto(this.origin + address);
    await this.page.waitForSelector('html[lang]');
    return response;
  }

  async join(room, name, query = '') {
    await this.goto(`/r/${room}${query}`);
    await this.page.waitForSelector('#preview-video[data-on]');
    await this.page.$eval('#name', (field) => (field.value = ''));
    await this.page.type('#name', name);
    await this.page.click('#join-button');
    await this.page.waitForSelector('#call', { visible: true });
  }

  /** Waits until the video in the tile goes on. */
  async seesMovingVideoOf(name) {
    const time = () =>
      this.page.evaluate((wanted) => {
        const tile = [...document.querySelectorAll('figure.tile[data-state="connected"]')].find((one) => one.querySelector('.tile-name').textContent === wanted);
        const video = tile?.querySelector('video');
        return video && video.videoWidth > 0 ? video.currentTime : -1;
      }, name);
    const before = await until(`a first frame of ${name}`, PATIENCE_MS, async () => {
      const now = await time();
      return now >= 0 && { time: now };
    });
    await until(`the video of ${name} to go on`, PATIENCE_MS, async () => (await time()) > before.time + 0.5);
  }

  /** Of every open connection: its path, and what has come over it. */
  connections() {
    return this.page.evaluate(async () => {
      const { selectedPath } = await import('/client/index.js');
      const open = window.noomConnections.filter((one) => one.connectionState !== 'closed');
      return Promise.all(
        open.map(async (one) => {
          const report = await one.getStats();
          const inbound = (kind) => [...report.values()].find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind) ?? {};
          const { local, remote } = selectedPath(report) ?? {};
          return { local, remote, framesDecoded: inbound('video').framesDecoded ?? 0, audioBytes: inbound('audio').bytesReceived ?? 0 };
        }),
      );
    });
  }

  async say(text) {
    if (await this.page.$eval('#chat', (chat) => chat.hidden)) await this.page.click('#chat-toggle');
    await this.page.type('#chat-text', text);
    await this.page.keyboard.press('Enter');
  }

  async hears(text) {
    await this.until(`the message "${text}"`, (wanted) => [...document.querySelectorAll('.chat-message:not(.mine) .text')].some((one) => one.textContent.includes(wanted)), text);
  }

  /** Waits for `condition`, which runs inside the page. */
  until(what, condition, ...args) {
    return until(what, PATIENCE_MS, () => this.page.evaluate(condition, ...args));
  }

  async close() {
    await this.page.goto('about:blank').catch(() => {});
    await this.context.close();
  }
}
