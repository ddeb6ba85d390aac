// Long polls for what comes, POSTs for what goes: works wherever a page can be loaded. A poll that fails is repeated from where the last
// answer ended; nothing is lost by it.

import { HttpTransport, Refused } from './http_transport.js';

const RETRIES = 4;
const RETRY_MS = 250;

export class PollTransport extends HttpTransport {
  /** @readonly */
  kind = /** @type {const} */ ('poll');

  /**
   * @param {string} url   of the WebSocket
   * @param {typeof fetch} fetch
   */
  constructor(url, fetch) {
    super(url, 'v1/poll', fetch);
  }

  /** @protected @override */
  async run() {
    this.named(await (await this.get('')).json());
    let cursor = 0;
    let failures = 0;
    while (!this.abort.signal.aborted) {
      try {
        const answer = await (await this.get(`?cursor=${cursor}`)).json();
        failures = 0;
        cursor = answer.cursor;
        for (const message of answer.messages) this.ontext?.(JSON.stringify(message));
        if (answer.close) return this.end({ code: Number(answer.close.code) || 1006, reason: String(answer.close.reason ?? '') });
      } catch (error) {
        const passes = !(error instanceof Refused) || error.status >= 500;
        if (!passes || failures >= RETRIES || this.abort.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * 2 ** failures++));
      }
    }
  }
}
