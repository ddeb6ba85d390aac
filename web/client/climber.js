// The way back up: while a session is carried by something worse than it could be, tries better transports in the background, and hands
// over one through which the server has answered.

/** @import { Transport, TransportKind } from './transport.js' */

/**
 * @typedef {object} ClimberOptions
 * @property {import('./transport_choice.js').TransportChoice} choice
 * @property {number} openTimeoutMs                     for one attempt
 * @property {{baseMs: number, capMs: number}} climb    between attempts
 * @property {() => number} random
 * @property {(transport: Transport) => void} adopt     takes it over, open
 */

// Answered with an error before hello: something comes back, which is all there is to know.
const PROBE = JSON.stringify({ type: 'ping' });

export class Climber {
  #options;
  /** @type {TransportKind | null} what carries the session now; null: nothing to climb from */
  #from = null;
  #attempt = 0;
  /** @type {Transport | null} */
  #candidate = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {ClimberOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {TransportKind} kind what carries the session from now on */
  start(kind) {
    this.stop();
    this.#attempt = 0;
    if (this.#options.choice.better(kind).length === 0) return;
    this.#from = kind;
    this.#later();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#from = null;
    this.#drop();
  }

  /** The network may be another one: tries at once. */
  now() {
    if (this.#from === null || this.#candidate !== null) return;
    this.#attempt = 0;
    this.#try(this.#options.choice.better(this.#from));
  }

  #later() {
    const { baseMs, capMs } = this.#options.climb;
    const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(this.#attempt++, 16));
    const from = /** @type {TransportKind} */ (this.#from);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(this.#options.choice.better(from)), ceiling * (0.5 + this.#options.random() / 2));
  }

  /** @param {TransportKind[]} kinds */
  #try([kind, ...rest]) {
    clearTimeout(this.#timer);
    if (kind === undefined) return this.#later();
    const candidate = this.#options.choice.make(kind);
    this.#candidate = candidate;
    const failed = () => {
      if (this.#candidate !== candidate) return;
      this.#drop();
      this.#try(rest);
    };
    this.#timer = setTimeout(failed, this.#options.openTimeoutMs);
    candidate.open({
      onopen: () => candidate.send(PROBE),
      ontext: () => {
        clearTimeout(this.#timer);
        this.#candidate = this.#from = null;
        this.#options.adopt(candidate);
      },
      onclose: failed,
    });
    return undefined;
  }

  #drop() {
    this.#candidate?.close();
    this.#candidate = null;
  }
}
