// Requests that wait for the answer with their id, each with a deadline.

import { NoomError } from './errors.js';

export class PendingRequests {
  /** @type {Map<number, {resolve: (reply: any) => void, reject: (error: NoomError) => void, timer: ReturnType<typeof setTimeout>}>} */
  #waiting = new Map();

  /**
   * @param {number} id
   * @param {string} type for the message of the error
   * @param {number} timeoutMs
   * @returns {Promise<any>}
   */
  wait(id, type, timeoutMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new NoomError('timeout', `No answer to "${type}" in ${timeoutMs} ms.`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  /**
   * @param {number} id
   * @param {object} reply
   * @param {NoomError | null} error
   * @returns {boolean} whether somebody waited for it
   */
  settle(id, reply, error) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return false;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(error);
    else waiting.resolve(reply);
    return true;
  }

  /** @param {NoomError} error */
  rejectAll(error) {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of all) {
      clearTimeout(timer);
      reject(error);
    }
  }
}
