// Chromium, and the call page as a person uses it: names and roles rather than the page's inner workings.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { until } from './until.mjs';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen'];
// Two cores may serve three pages, each encoding and decoding video, beside daemons built with sanitizers.
export const PATIENCE_MS = 60_000;

const SCREENSHOTS = process.env.NOOM_SCREENSHOTS ?? path.resolve('screenshots');

/** @param {string} home whose NSS database holds the test authority */
export function launchChromium(home, executablePath = '/usr/bin/chromium') {
  return chromium.launch({ executablePath, headless: true, args: FLAGS, env: { ...process.env, HOME: home } });
}

export class CallPage {
  #reported = [];
  #expected = [];

  static async open(browser, origin, { width = 1280, height = 720, locale = 'en-US', colorScheme = 'light', permissions, init, reducedMotion } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme, reducedMotion, ...(permissions ? { permissions } : {}) });
    const page = new CallPage(await context.newPage(), origin);
    // The SDK is watched from outside: its connections are collected, nothing is changed.
    await page.page.addInitScript(() => {
      window.noomConnections = [];
      const Original = window.RTCPeerConnection;
      if (!Original) return;
      window.RTCPeerConnection = class extends Original {
        constructor(...args) {
          super(...args);
          window.noomConnections.push(this);
        }
      };
    });
    if (init) await page.page.addInitScript(init);
    return page;
  }

  constructor(page, origin) {
    this.page = page;
    this.origin = origin;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.#reported.push(`exception: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#reported.push(`console.${message.type()}: ${message.text()} ${message.location().url}`);
    });
  }

  /** What the page reported on its console or threw, without what the test expects. */
  get problems() {
    return this.#reported.filter((problem) => !this.#expected.some((pattern) => pattern.test(problem)));
  }

  expectProblems(pattern) {
    this.#expected.push(pattern);
  }

  /** Chromium puts each refused WebSocket and request on the console; where signaling is cut, that is the point. */
  expectSignalingFailures() {
    this.expectProblems(/WebSocket connection to .* failed|Failed to load resource: net::.*\/v1\//);
  }

  async goto(address) {
    const response = await this.page.goto(this.origin + address);
    await this.page.locator('html[lang]').waitFor();
    return response;
  }

  /** Opens the room and goes in. */
  async join(room, name, query = '') {
    await this.goto(`/r/${room}${query}`);
    await this.page.locator('#preview-video[data-on]').waitFor();
    await this.enter(name);
  }

  async enter(name) {
    await this.page.locator('#name').fill(name);
    await this.page.locator('#join-button').click();
    await this.page.locator('#call').waitFor();
  }

  /** The tile of somebody else, by the name it shows. */
  tile(name) {
    return this.page.locator('figure.tile').filter({ has: this.page.locator('.tile-name', { hasText: new RegExp(`^${name}$`) }) });
  }

  otherTiles() {
    return this.page.locator('figure.tile:not([data-state="me"])');
  }

  /** Waits until the video in the tile shows new frames, twice. */
  async seesMovingVideoOf(name) {
    await this.tile(name).and(this.page.locator('[data-state="connected"]')).waitFor();
    const frames = () =>
      this.tile(name).locator('video').evaluate((video) => ({ frames: video.getVideoPlaybackQuality().totalVideoFrames, time: video.currentTime, width: video.videoWidth }));
    const before = await until(`a first frame of ${name}`, PATIENCE_MS, async () => {
      const now = await frames();
      return now.frames > 0 && now.width > 0 && now;
    });
    await until(`the video of ${name} to go on`, PATIENCE_MS, async () => {
      const now = await frames();
      return now.frames >= before.frames + 10 && now.time > before.time && now;
    });
  }

  /** Statistics of every open connection: selected pair, what is received and decoded. */
  async connections() {
    return this.page.evaluate(async () => {
      const open = window.noomConnections.filter((one) => one.connectionState !== 'closed');
      return Promise.all(
        open.map(async (one) => {
          const report = await one.getStats();
          const all = [...report.values()];
          const transport = all.find((entry) => entry.type === 'transport');
          const pair = report.get(transport?.selectedCandidatePairId) ?? {};
          const inbound = (kind) => all.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind) ?? {};
          return {
            state: one.connectionState,
            local: report.get(pair.localCandidateId)?.candidateType,
            remote: report.get(pair.remoteCandidateId)?.candidateType,
            relayProtocol: report.get(pair.localCandidateId)?.relayProtocol,
            framesDecoded: inbound('video').framesDecoded ?? 0,
            audioBytes: inbound('audio').bytesReceived ?? 0,
          };
        }),
      );
    });
  }

  connectionCount() {
    return this.page.evaluate(() => window.noomConnections.length);
  }

  async say(text) {
    if (await this.page.locator('#chat').isHidden()) await this.page.locator('#chat-toggle').click();
    await this.page.locator('#chat-text').fill(text);
    await this.page.locator('#chat-text').press('Enter');
  }

  async hears(text) {
    await this.page.locator('.chat-message:not(.mine) .text', { hasText: text }).waitFor({ state: 'attached' });
  }

  control(name) {
    return this.page.locator(`.dock [data-control="${name}"]`);
  }

  async screenshot(name, options = {}) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ ...options, path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /**
   * As a person does it: the page hears of it (`pagehide`), which a closed browser context would not let it. By way of the same origin, so of the same
   * process: what another process leaves behind is told in the background, and the context may be gone before.
   */
  async close() {
    this.expectProblems(/\/favicon\.ico$/);
    await this.page.goto(`${this.origin}/favicon.svg`).catch(() => this.page.goto('about:blank').catch(() => {}));
    await this.page.context().close();
  }
}
