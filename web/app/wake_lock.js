// The screen stays on during a call, where the browser can. It lets go of the lock whenever the page is hidden: it is taken again then.

export class WakeLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #wanted = false;
  #onVisible = () => void this.#take();

  open() {
    this.#wanted = true;
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.#take();
  }

  add() {}
  remove() {}

  close() {
    this.#wanted = false;
    document.removeEventListener('visibilitychange', this.#onVisible);
    void this.#lock?.release();
    this.#lock = null;
  }

  async #take() {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible' || (this.#lock && !this.#lock.released)) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (this.#wanted) this.#lock = lock;
      else await lock.release();
    } catch {
      // A battery saver may refuse; the call goes on.
    }
  }
}
