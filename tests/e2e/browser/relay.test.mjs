// A call between two browsers in which every packet goes through noom-turn, over each transport a browser can use.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

for (const transport of ['udp', 'tcp', 'tls']) {
  test(`two people see, hear and write to each other, relayed over ${transport}`, async () => {
    const room = `relayed-over-${transport}`;
    const query = `?relay=1&transport=${transport}`;
    const ann = await suite.page();
    const bo = await suite.page({ locale: 'ko-KR', colorScheme: 'dark' });
    await ann.join(room, 'Ann', query);
    await bo.join(room, 'Bo', query);
    await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);

    await ann.say('안녕 Bo, <b>can</b> you read this?');
    await bo.hears('안녕 Bo, <b>can</b> you read this?');
    await bo.say('잘 보여요 👋');
    await ann.hears('잘 보여요 👋');

    for (const page of [ann, bo]) {
      const [connection, ...others] = await until('audio and decoded video', PATIENCE_MS, async () => {
        const all = await page.connections();
        return all.every((one) => one.framesDecoded > 0 && one.audioBytes > 0) && all;
      });
      assert.deepEqual(others, [], 'one connection suffices for two people');
      // What the other end's is, its own page says: here it is 'prflx' if its check came before its candidate.
      const { local, relayProtocol } = connection;
      assert.deepEqual({ local, relayProtocol }, { local: 'relay', relayProtocol: transport });
    }
    await ann.screenshot(`call-relayed-${transport}-ann`);
    await bo.screenshot(`call-relayed-${transport}-bo`);
  });
}
