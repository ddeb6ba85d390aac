// A WebSocket whose other end is the test.

export class FakeSocket {
  static all = [];
  static get last() {
    return FakeSocket.all.at(-1);
  }

  readyState = 0;
  sent = [];
  closedWith = null;

  constructor(url, protocol) {
    Object.assign(this, { url, protocol });
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code;
  }

  /** The server accepts and welcomes. */
  welcome(fields = {}) {
    this.readyState = 1;
    this.onopen?.();
    this.say({ type: 'welcome', protocol: 'noom.v1', server: 'test', session: 's_1', features: [], ping_interval_ms: 15_000, ping_timeout_ms: 10_000, frame_bytes_max: 65_536, ...fields });
  }

  say(message) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  /** The link breaks or the server closes. */
  drop(code, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}
