// The doctor page as a person uses it.

import net from 'node:net';
import { PATIENCE_MS } from './browser.mjs';
import { Daemon } from './daemon.mjs';
import { Suite } from './suite.mjs';
import { until } from './until.mjs';

export class DoctorPage {
  /** @param {import('./browser.mjs').CallPage} person */
  constructor(person) {
    this.person = person;
    this.page = person.page;
  }

  async open(query = '') {
    const response = await this.person.goto(`/doctor${query}`);
    await this.page.locator('#start-text:not(:empty)').waitFor();
    return response;
  }

  async examine() {
    await this.page.locator('#start').click();
    await this.page.locator('#verdict').waitFor();
  }

  async verdict() {
    return { title: await this.page.locator('#verdict-title').textContent(), level: await this.page.locator('#verdict').getAttribute('data-level') };
  }

  /** What administrators are told, a line each. */
  rules() {
    return this.page.locator('#ask-rules li').allTextContents();
  }

  /** Every row: {mood, text, figures}, by its name. */
  async rows() {
    const rows = await this.page.locator('.check').evaluateAll((elements) =>
      elements.map((element) => [
        element.querySelector('.check-name').textContent,
        {
          mood: element.dataset.mood,
          text: element.querySelector('.check-text').textContent,
          figures: Object.fromEntries([...element.querySelectorAll('.figures > div')].map((one) => [one.children[0].textContent, one.children[1].textContent])),
        },
      ]),
    );
    return Object.fromEntries(rows);
  }

  async counted(daemon, transport, result, count) {
    const name = `noom_client_probe_total{transport="${transport}",result="${result}"}`;
    await until(`${name} ${count}`, PATIENCE_MS, async () => (await daemon.metric(name)) === count);
  }
}

/** The suite of a test file, with another noom-signal behind the page's address where a test wants one. */
export class DoctorSuite extends Suite {
  other;

  /** @returns {Promise<DoctorPage>} of a new person */
  async doctor(options) {
    return new DoctorPage(await this.page(options));
  }

  /** Until the test is over, a noom-signal with these settings of [turn], and more. */
  async serveBy(turn, more = {}) {
    this.other = await Daemon.start('noom-signal', { ...this.signalConfig, ...more, turn: { ...this.signalConfig.turn, ...turn } });
    this.proxy.open(this.other.port('http'));
  }

  async reset() {
    await this.closePages();
    this.proxy.open(this.signal.port('http'));
    await this.other?.stop();
    this.other = undefined;
  }
}

/** A port of this host at which nothing listens. */
export async function deadPort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
