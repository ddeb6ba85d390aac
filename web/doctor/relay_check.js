// One relay over one transport, proven: two connections of this page that may use nothing else, packets between them, figures of how they went.

import { watchGathering } from './gathering.js';
import { measure } from './measure.js';
import { isLookup } from './stun_check.js';

/** @import { GatheringError } from './gathering.js' */
/** @import { Finding, Relay } from './plan.js' */

const PATIENCE_MS = 12_000;
const BULK = { negotiated: true, id: 1 };
const ECHO = { negotiated: true, id: 2, ordered: false, maxRetransmits: 0 };

/**
 * @param {Relay} relay
 * @param {<T>(work: () => Promise<T>) => Promise<T>} alone    runs measurements one after another, so that they do not share the line
 * @returns {Promise<Finding>}
 */
export async function checkRelay({ transport, url, server }, alone) {
  /** @type {RTCConfiguration} */
  const config = { iceServers: [{ ...server, urls: [url] }], iceTransportPolicy: 'relay' };
  let pair;
  try {
    pair = new LoopbackPair(config);
  } catch {
    return { outcome: 'unsupported' };
  }
  try {
    const start = performance.now();
    const failure = await pair.connect(PATIENCE_MS);
    // Browsers without DTLS to relays go over TLS on TCP instead, or nowhere, and say nothing.
    if (transport === 'turn_dtls' && (failure ? failure.outcome === 'unreachable' : !pair.isOver('dtls'))) return { outcome: 'unsupported' };
    if (failure) return failure.outcome === 'unreachable' && needsName(url) ? { outcome: 'unsupported' } : failure;
    const openedMs = performance.now() - start;
    return { outcome: 'ok', openedMs, ...(await alone(() => measure(pair))) };
  } finally {
    pair.close();
  }
}

/** Two ends in one page. `left` sends, `right` receives; `echo` is answered at the right. */
export class LoopbackPair {
  #left;
  #right;
  #gathered;

  /** @param {RTCConfiguration} config throws what RTCPeerConnection throws */
  constructor(config) {
    this.#left = new RTCPeerConnection(config);
    this.#right = new RTCPeerConnection(config);
    this.bulk = { left: this.#left.createDataChannel('bulk', BULK), right: this.#right.createDataChannel('bulk', BULK) };
    this.echo = { left: this.#left.createDataChannel('echo', ECHO), right: this.#right.createDataChannel('echo', ECHO) };
    for (const channel of [this.bulk.left, this.bulk.right, this.echo.left, this.echo.right]) channel.binaryType = 'arraybuffer';
    this.#gathered = watchGathering(this.#left);
    trickle(this.#left, this.#right);
    trickle(this.#right, this.#left);
  }

  /**
   * @param {number} patienceMs
   * @returns {Promise<Finding | null>} null: both channels are open
   */
  async connect(patienceMs) {
    const opened = Promise.all([this.bulk.left, this.bulk.right, this.echo.left, this.echo.right].map(isOpen)).then(() => null);
    const failed = new Promise((/** @type {(finding: Finding) => void} */ resolve) => {
      this.#left.addEventListener('icegatheringstatechange', () => {
        if (this.#left.iceGatheringState === 'complete' && this.#gathered.candidates.length === 0) resolve(this.#failure());
      });
      for (const end of [this.#left, this.#right])
        end.addEventListener('connectionstatechange', () => end.connectionState === 'failed' && resolve(this.#failure()));
      setTimeout(() => resolve(this.#failure()), patienceMs);
    });
    await this.#left.setLocalDescription();
    await this.#right.setRemoteDescription(/** @type {RTCSessionDescription} */ (this.#left.localDescription));
    await this.#right.setLocalDescription();
    await this.#left.setRemoteDescription(/** @type {RTCSessionDescription} */ (this.#right.localDescription));
    return Promise.race([opened, failed]);
  }

  /** Whether the browser says that it speaks so with the relay. @param {string} protocol */
  isOver(protocol) {
    return this.#gathered.candidates.some((candidate) => /** @type {{relayProtocol?: string | null}} */ (candidate).relayProtocol === protocol);
  }

  close() {
    this.#left.close();
    this.#right.close();
  }

  /** @returns {Finding} */
  #failure() {
    return this.#gathered.candidates.length > 0 ? { outcome: 'no_path' } : explain(this.#gathered.errors);
  }
}

/**
 * Why there is no relayed candidate. An answer, whichever, says more than the silence of another address of the same server.
 * @param {GatheringError[]} errors
 * @returns {Finding}
 */
export function explain(errors) {
  const answer = errors.find(({ code }) => code === 401) ?? errors.find(({ code }) => code >= 300 && code < 700);
  if (answer) return { outcome: answer.code === 401 ? 'unauthorized' : 'refused', code: answer.code };
  return { outcome: 'unreachable', nameUnknown: errors.length > 0 && errors.every(isLookup) };
}

/**
 * Firefox speaks TLS only with relays that have a name, and is silent about those named by an address.
 * @param {string} url
 */
function needsName(url) {
  return /^turns:(\[|\d+(\.\d+){3}[:?]?)/.test(url) && navigator.userAgent.includes('Firefox/');
}

/**
 * @param {RTCPeerConnection} from
 * @param {RTCPeerConnection} to
 */
function trickle(from, to) {
  /** @type {RTCIceCandidate[]} */
  let early = [];
  const deliver = (/** @type {RTCIceCandidate} */ candidate) => void to.addIceCandidate(candidate).catch(() => {}); // `to` was closed meanwhile
  from.addEventListener('icecandidate', ({ candidate }) => {
    if (!candidate?.candidate) return;
    if (to.remoteDescription) deliver(candidate);
    else early.push(candidate);
  });
  to.addEventListener('signalingstatechange', () => {
    if (!to.remoteDescription) return;
    early.forEach(deliver);
    early = [];
  });
}

/** @param {RTCDataChannel} channel */
function isOpen(channel) {
  return channel.readyState === 'open' || new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }));
}
