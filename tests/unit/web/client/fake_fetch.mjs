// A fetch whose other end is the test: requests are kept, and answered when the test says so.

export class FakeFetch {
  /** @type {Request[]} every request, answered or not */
  all = [];

  fetch = (url, { method = 'GET', body = '', signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new FakeRequest(url, method, body, resolve, reject);
      signal?.addEventListener('abort', () => request.abort());
      this.all.push(request);
    });

  gets(path) {
    return this.all.filter(({ method, url }) => method === 'GET' && url.includes(path));
  }
  get posts() {
    return this.all.filter(({ method }) => method === 'POST');
  }
  get last() {
    return this.all.at(-1);
  }
}

class FakeRequest {
  aborted = false;
  #pieces = [];
  #reading = null;

  constructor(url, method, body, resolve, reject) {
    Object.assign(this, { url, method, body, resolve, reject });
  }

  /** The messages of a POST. */
  get messages() {
    return this.body.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  fail() {
    this.reject(new TypeError('fetch failed'));
  }

  answer(status, json = {}, fields = {}) {
    this.resolve({ status, headers: new Map(Object.entries(fields)), json: async () => json });
  }

  /** Begins an event stream. */
  stream() {
    this.resolve({ status: 200, headers: new Map(), body: { getReader: () => ({ read: () => this.#read() }) } });
    this.event('open', { connection: 'node.secret' });
  }

  event(event, data) {
    this.push(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  say(message) {
    this.push(`id: 1\ndata: ${JSON.stringify(message)}\n\n`);
  }
  push(text) {
    this.#next({ done: false, value: new TextEncoder().encode(text) });
  }
  end() {
    this.#next({ done: true, value: undefined });
  }

  abort() {
    this.aborted = true;
    const error = new DOMException('aborted', 'AbortError');
    this.reject(error);
    this.#reading?.reject(error);
  }

  #next(piece) {
    if (this.#reading) this.#reading.resolve(piece);
    else this.#pieces.push(piece);
    this.#reading = null;
  }
  #read() {
    if (this.#pieces.length > 0) return Promise.resolve(this.#pieces.shift());
    return new Promise((resolve, reject) => (this.#reading = { resolve, reject }));
  }
}
