// The whole examination: signaling, then the servers it hands out, all at once as far as they do not disturb each other.

import { Emitter, NoomError } from '../client/index.js';
import { relaysOf, SIGNALING, stunUrlsOf } from './plan.js';
import { checkRelay } from './relay_check.js';
import { checkSignaling, fetchIceServers } from './signaling_check.js';
import { checkStun } from './stun_check.js';

/** @import { IceServer } from '../client/index.js' */
/** @import { Check, Finding, Transport } from './plan.js' */
/** @import { Nat } from './stun_check.js' */

/**
 * @typedef {object} Diagnosis
 * @property {Check[]} signaling
 * @property {Check[]} stun
 * @property {Check[]} relays
 * @property {Nat | null} nat             null until it is known
 * @property {string} refusal             why the server gave no list of servers: its code, or ''
 * @property {boolean} over
 *
 * @typedef {object} ExaminationEvents
 * @property {Diagnosis} change
 */

/** @extends {Emitter<ExaminationEvents>} */
export class Examination extends Emitter {
  #url;
  #token;
  /** @type {Promise<unknown>} */
  #line = Promise.resolve();
  /** @type {Diagnosis} */
  diagnosis = { signaling: [], stun: [], relays: [], nat: null, refusal: '', over: false };

  /**
   * @param {string} url     of signaling
   * @param {string} token   '' for none
   */
  constructor(url, token) {
    super();
    this.#url = url;
    this.#token = token;
    this.diagnosis.signaling = SIGNALING.map((transport) => unknown(transport));
  }

  /** @returns {Promise<Diagnosis>} never rejects: what fails is a finding */
  async run() {
    const servers = await this.#signal();
    this.diagnosis.relays = relaysOf(servers).map(({ transport, url }) => unknown(transport, url));
    const stunUrls = stunUrlsOf(servers);
    if (stunUrls.length > 0) this.diagnosis.stun = [unknown('stun_v4', stunUrls.join(' ')), unknown('stun_v6')];
    this.#changed();
    await Promise.all([
      stunUrls.length > 0 ? this.#ask(stunUrls) : null,
      ...relaysOf(servers).map((relay, index) => this.#settle(/** @type {Check} */ (this.diagnosis.relays[index]), checkRelay(relay, (work) => this.#alone(work)))),
    ]);
    this.diagnosis.over = true;
    this.#changed();
    return this.diagnosis;
  }

  /** @returns {Promise<IceServer[]>} from whichever carrier was first */
  async #signal() {
    const results = await Promise.all(
      this.diagnosis.signaling.map(async (check) => {
        const { finding, signaling } = await checkSignaling(/** @type {'websocket' | 'sse' | 'poll'} */ (check.transport), this.#url);
        this.#found(check, finding);
        return signaling;
      }),
    );
    const [signaling] = results.filter((one) => one !== null);
    try {
      return signaling ? await fetchIceServers(signaling, this.#token) : [];
    } catch (error) {
      this.diagnosis.refusal = error instanceof NoomError ? error.code : 'bad_reply';
      return [];
    } finally {
      for (const one of results) one?.close();
    }
  }

  /** @param {string[]} urls */
  async #ask(urls) {
    const { v4, v6, nat } = await checkStun(urls);
    this.diagnosis.nat = nat;
    for (const check of this.diagnosis.stun) this.#found(check, check.transport === 'stun_v4' ? v4 : v6);
  }

  /**
   * @param {Check} check
   * @param {Promise<Finding>} finding
   */
  async #settle(check, finding) {
    this.#found(check, await finding.catch(() => /** @type {Finding} */ ({ outcome: 'no_path' })));
  }

  /**
   * @param {Check} check
   * @param {Finding} finding
   */
  #found(check, finding) {
    check.finding = finding;
    this.#changed();
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #alone(work) {
    const mine = this.#line.then(work);
    this.#line = mine.catch(() => {});
    return mine;
  }

  #changed() {
    this.emit('change', this.diagnosis);
  }
}

/**
 * @param {Transport} transport
 * @param {string} [url]
 * @returns {Check}
 */
function unknown(transport, url = '') {
  return { transport, url, finding: null };
}
