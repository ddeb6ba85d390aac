// What both sides of a session have counted, so that it can go on over another connection without a loss or a repetition:
// docs/protocol/noom-v1.md, "Resuming".

// The server confirms every 16th message and in each pong; more than this without a word from it means it does not count.
const KEPT_MAX = 512;
const ACK_MESSAGES = 16;
const ACK_CHARACTERS = 16 * 1024;
const UNCOUNTED = new Set(['hello', 'welcome', 'ping', 'pong', 'ack', 'ticket', 'go_away']);

export class SessionCount {
  /** @type {string | null} opens the session again; null: the server does not resume */
  ticket = null;
  /** How many of the server's messages have come. */
  received = 0;
  #acked = 0;
  #charactersSinceAck = 0;
  /** @type {string[]} what the server is not known to have, oldest first */
  #kept = [];
  #confirmed = 0;

  /** What may have to be sent again. */
  get unconfirmed() {
    return [...this.#kept];
  }
  get owesAck() {
    return this.ticket !== null && this.received > this.#acked;
  }

  /**
   * A message of the server.
   * @param {string} type
   * @param {number} characters
   * @returns {boolean} whether an ack is due at once
   */
  take(type, characters) {
    if (UNCOUNTED.has(type)) return false;
    this.received++;
    this.#charactersSinceAck += characters;
    return this.received - this.#acked >= ACK_MESSAGES || this.#charactersSinceAck >= ACK_CHARACTERS;
  }

  acked() {
    this.#acked = this.received;
    this.#charactersSinceAck = 0;
  }

  /**
   * A message on its way to the server.
   * @param {string} type
   * @param {string} text
   */
  keep(type, text) {
    if (this.ticket === null || UNCOUNTED.has(type)) return;
    this.#kept.push(text);
    if (this.#kept.length > KEPT_MAX) this.forget();
  }

  /** @param {unknown} received how many messages the server has */
  confirm(received) {
    if (typeof received !== 'number') return;
    this.#kept.splice(0, Math.max(0, received - this.#confirmed));
    this.#confirmed = Math.max(this.#confirmed, received);
  }

  /**
   * The session goes on (true), or counts begin anew.
   * @param {boolean} recovered
   * @param {unknown} received
   */
  resume(recovered, received) {
    if (recovered) return this.confirm(received);
    this.#kept = [];
    this.received = this.#acked = this.#confirmed = this.#charactersSinceAck = 0;
  }

  /** Nothing can be resumed from here on. */
  forget() {
    this.ticket = null;
    this.resume(false, 0);
  }
}
