// Timers and Date.now() under the test's control, for code that uses the global ones.

export class FakeClock {
  #now = 1_000_000;
  #next = 1;
  #timers = new Map();
  #originals = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: Date.now };

  install() {
    globalThis.setTimeout = (run, delayMs = 0) => {
      const id = this.#next++;
      this.#timers.set(id, { at: this.#now + delayMs, run });
      return id;
    };
    globalThis.clearTimeout = (id) => this.#timers.delete(id);
    Date.now = () => this.#now;
  }

  restore() {
    globalThis.setTimeout = this.#originals.setTimeout;
    globalThis.clearTimeout = this.#originals.clearTimeout;
    Date.now = this.#originals.now;
  }

  get pending() {
    return this.#timers.size;
  }

  /** Runs what is due, in order, and lets promises settle after each. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].run();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise that can go on, go on. */
export async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
