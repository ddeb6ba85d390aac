// When to repair a broken path, and when to stop: ICE restarts that come less and less often, made only while the other end can be
// reached, and an end to them, after which the connection has to be made anew.

// `disconnected` often mends itself within a few seconds (webrtc-pc §5.6.3): only then is a restart worth its traffic.
const AFTER_DISCONNECT_MS = 3_000;
// For the other end, which hears of a broken path at the same time, to go first.
const POLITENESS_MS = 2_000;
// How long each restart has to succeed before the next.
const PATIENCE_MS = [8_000, 8_000, 16_000, 30_000];

/**
 * @typedef {object} HealingActions
 * @property {() => boolean} reachable whether signaling could deliver now
 * @property {() => void} restart
 * @property {() => void} giveUp       every restart was in vain
 */

export class Healing {
  #actions;
  #restarts = 0;
  /** True while a restart waits for signaling. */
  #held = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HealingActions} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /**
   * The path is broken. One end goes first, so that two restarts do not collide each time.
   * @param {'disconnected' | 'failed'} how
   * @param {boolean} polite
   */
  begin(how, polite) {
    if (this.#held || (how === 'disconnected' && this.#restarts > 0)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), (how === 'failed' ? 0 : AFTER_DISCONNECT_MS) + (polite ? POLITENESS_MS : 0));
  }

  /** The path works. */
  end() {
    this.stop();
    this.#restarts = 0;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#held = false;
  }

  /** Signaling works again: what waited for it happens now. */
  resume() {
    if (!this.#held) return;
    this.#held = false;
    this.#next();
  }

  #next() {
    const patience = PATIENCE_MS[this.#restarts];
    if (patience === undefined) return this.#actions.giveUp();
    if (!this.#actions.reachable()) {
      this.#held = true;
      return undefined;
    }
    this.#restarts++;
    this.#actions.restart();
    this.#timer = setTimeout(() => this.#next(), patience);
    return undefined;
  }
}
