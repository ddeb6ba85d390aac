// A person who uses @noom/client without the call page: a browser tab with nothing but the SDK and what the test does with it.
// Everybody has a network of their own: a link to signaling and one to the relay, which the test can cut.

import { PATIENCE_MS } from './browser.mjs';
import { Proxy } from './proxy.mjs';
import { until } from './until.mjs';

export class SdkPage {
  problems = [];

  static async open(browser, { signal, turn }) {
    const person = new SdkPage();
    person.signal = await Proxy.start(signal);
    person.turn = await Proxy.start(turn);
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    person.page = await context.newPage();
    person.page.setDefaultTimeout(PATIENCE_MS);
    person.page.on('pageerror', (error) => person.problems.push(`exception: ${error.message}`));
    // Any document of the same origin that has no program of its own.
    await person.page.goto(`http://127.0.0.1:${person.signal.port}/favicon.svg`);
    return person;
  }

  /**
   * Enters the room; from then on `window.room` is the Room, `window.seen` what it told. `path`: whether media goes directly, over the
   * relay, or over the relay by a link that the test can cut.
   */
  async join(room, name, { path = 'direct' } = {}) {
    await this.page.evaluate(inRoom, { room, name, path, turnUrl: `turn:127.0.0.1:${this.turn.port}?transport=tcp` });
  }

  /** The page's network, as a whole. */
  cut() {
    this.signal.cut();
    this.turn.cut();
  }
  restore() {
    this.turn.open();
    this.signal.open();
  }

  /** Waits for `condition`, which runs inside the page with `window.room` and `window.seen`. */
  async until(what, condition, argument) {
    return until(what, PATIENCE_MS, () => this.page.evaluate(condition, argument));
  }

  seen() {
    return this.page.evaluate(() => window.seen);
  }

  /** Frames of the first peer's video that were decoded up to now, by the connection that carries them now. */
  frames() {
    return this.page.evaluate(async () => {
      const report = await window.room.peers[0]?.link?.pc.getStats();
      return [...(report?.values() ?? [])].find((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video')?.framesDecoded ?? 0;
    });
  }

  async seesMovingVideo() {
    const before = await this.frames();
    await until('ten more frames', PATIENCE_MS, async () => (await this.frames()) >= before + 10);
  }

  async close() {
    await this.page.goto('about:blank').catch(() => {});
    await this.page.context().close();
    await this.signal.stop();
    await this.turn.stop();
  }
}

/** Runs inside the page. */
async function inRoom({ room: roomName, name, path, turnUrl }) {
  const { LocalMedia, Room } = await import('/client/index.js');
  const iceServers = (servers) => servers.slice(0, 1).map((server) => ({ ...server, urls: [turnUrl] }));
  const room = new Room({
    url: `ws://${location.host}/ws`,
    name,
    rtc: { iceTransportPolicy: path === 'direct' ? 'all' : 'relay' },
    ...(path === 'cuttable relay' ? { iceServers } : {}),
  });
  const seen = { states: [], resumed: [], messages: [], chat: [], joined: [], left: [], peerStates: [], links: [], iceServers: [], errors: [] };
  Object.assign(window, { room, seen });
  room.on('state', ({ state }) => seen.states.push(state));
  room.on('resumed', ({ recovered }) => seen.resumed.push(recovered));
  room.on('message', ({ data }) => seen.messages.push(data));
  room.on('iceservers', (servers) => seen.iceServers.push(servers));
  room.on('error', ({ code }) => seen.errors.push(code));
  room.on('peerleft', ({ peer, reason }) => seen.left.push(`${peer.name} ${reason}`));
  room.on('peerjoined', (peer) => {
    seen.joined.push(peer.name);
    peer.on('state', (state) => seen.peerStates.push(state));
    peer.on('stream', () => seen.links.push(peer.link.connection));
    peer.on('data', ({ data }) => seen.chat.push(data));
  });
  const media = new LocalMedia();
  await media.startBoth({});
  room.setTrack('audio', media.microphone);
  room.setTrack('video', media.camera);
  await room.join(roomName);
  addEventListener('pagehide', () => room.close());
}
