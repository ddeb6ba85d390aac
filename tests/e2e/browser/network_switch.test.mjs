// From one network to another in the middle of a call: the address vanishes, another one is there, behind a real NAT. The call goes on over it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CallPage, PATIENCE_MS } from './harness/browser.mjs';
import { canRoute } from './harness/nat.mjs';
import { NO_NAMESPACES, NatSuite } from './harness/nat_suite.mjs';
import { until } from './harness/until.mjs';

const skip = !canRoute() && NO_NAMESPACES;
let suite;

before(async () => {
  if (skip) return;
  suite = await NatSuite.start();
});
after(() => suite?.stop());

/** The address of this side that its one connection uses. */
const address = (person) =>
  person.page.evaluate(async () => {
    const report = await window.noomConnections.at(-1).getStats();
    const transport = [...report.values()].find(({ type }) => type === 'transport');
    const { address: own, relatedAddress } = report.get(report.get(transport?.selectedCandidatePairId)?.localCandidateId) ?? {};
    return [own, relatedAddress].find((one) => one?.startsWith('10.')) ?? '';
  });

test('media goes on over the new address, signaling resumes, and nobody is there twice', { skip }, async (t) => {
  const ann = await CallPage.open(suite.browser, suite.origin, { permissions: ['camera', 'microphone'] });
  const bo = await CallPage.open(await suite.launchOutside(), suite.origin, { permissions: ['camera', 'microphone'] });
  await ann.join('moving', 'Ann');
  await bo.join('moving', 'Bo');
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  assert.equal(await address(ann), '10.77.0.2');
  suite.network.switchNetwork();
  const switched = performance.now();
  // Until the new path is agreed upon, which takes signaling, it may be any that ICE still tries.
  await until('a path over the new address, agreed upon', PATIENCE_MS, async () => (await address(ann)) === '10.78.0.2' && ann.page.evaluate(() => window.noomConnections.at(-1).signalingState === 'stable'));
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  t.diagnostic(`both see each other move again ${Math.round(performance.now() - switched)} ms after the switch`);
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await bo.say('still there?');
  await ann.hears('still there?');
  await ann.control('camera').click();
  await bo.page.locator('figure.no-video', { hasText: 'Ann' }).waitFor();
  for (const person of [ann, bo]) {
    assert.equal(await person.otherTiles().count(), 1, 'nobody is there twice');
    person.expectSignalingFailures();
    person.expectProblems(/ERR_NETWORK_CHANGED/);
    assert.deepEqual(person.problems, []);
  }
});
