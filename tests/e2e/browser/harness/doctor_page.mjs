// The doctor page as a person uses it.

import { PATIENCE_MS } from './browser.mjs';
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
