// A typed EventTarget: `on` and `emit` know the events of their class, and `addEventListener` keeps working for everybody else.

/** @template Detail */
export class DetailEvent extends Event {
  /**
   * @param {string} type
   * @param {Detail} detail
   */
  constructor(type, detail) {
    super(type);
    /** @readonly */
    this.detail = detail;
  }
}

/** @template {Record<string, any>} Events */
export class Emitter extends EventTarget {
  /**
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {(detail: Events[Type]) => void} listener
   * @param {{once?: boolean, signal?: AbortSignal}} [options]
   * @returns {() => void} removes the listener again
   */
  on(type, listener, options) {
    /** @param {Event} event */
    const handler = (event) => listener(/** @type {DetailEvent<Events[Type]>} */ (event).detail);
    this.addEventListener(type, handler, options);
    return () => this.removeEventListener(type, handler);
  }

  /**
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {Events[Type]} detail
   */
  emit(type, detail) {
    this.dispatchEvent(new DetailEvent(type, detail));
  }
}

/**
 * A promise and what settles it.
 * @template T
 * @typedef {{promise: Promise<T>, resolve: (value: T) => void, reject: (error: Error) => void}} Deferred
 */

/**
 * @template T
 * @returns {Deferred<T>}
 */
export function deferred() {
  /** @type {any} */
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
