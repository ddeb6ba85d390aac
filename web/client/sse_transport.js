// An event stream for what comes, POSTs for what goes. Read with fetch rather than EventSource, which hides why it failed and comes back by
// itself, to another session.

import { HttpTransport } from './http_transport.js';

// A proxy that collects answers before it passes them on holds the first event back too.
const OPEN_MS = 5_000;

export class SseTransport extends HttpTransport {
  /** @readonly */
  kind = /** @type {const} */ ('sse');

  /**
   * @param {string} url   of the WebSocket
   * @param {typeof fetch} fetch
   */
  constructor(url, fetch) {
    super(url, 'v1/sse', fetch);
  }

  /** @protected @override */
  async run() {
    const timer = setTimeout(() => this.end({ code: 1006, reason: 'the stream is held back' }), OPEN_MS);
    try {
      await this.#read(() => clearTimeout(timer));
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {() => void} opened */
  async #read(opened) {
    const answer = await this.get('', 'text/event-stream');
    const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return this.end({ code: 1006, reason: '' });
      for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
        opened();
        this.#on(event, data);
      }
    }
  }

  /**
   * @param {string} event
   * @param {string} data
   */
  #on(event, data) {
    switch (event) {
      case 'open':
        return this.named(JSON.parse(data));
      case 'message':
        return this.ontext?.(data);
      case 'ping':
        return this.posts?.alive();
      case 'close': {
        const { code, reason } = JSON.parse(data);
        return this.end({ code: Number(code) || 1006, reason: String(reason ?? '') });
      }
    }
    return undefined;
  }
}

/** Events out of pieces of a stream (WHATWG HTML §9.2.6), as far as this server uses it: lines end in LF or CRLF. */
export class EventParser {
  #rest = '';
  #event = '';
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} piece
   * @returns {{event: string, data: string}[]} what is complete by now
   */
  push(piece) {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    const events = [];
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line !== '') {
        this.#field(line);
        continue;
      }
      if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
      this.#event = '';
      this.#data = [];
    }
    return events;
  }

  /** @param {string} line */
  #field(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
  }
}
