// One RTCPeerConnection with perfect negotiation (W3C webrtc-pc §10.7), trickle ICE and self-repair.
// A link is born, lives and dies; the person behind it (peer.js) outlives it.

import { Emitter } from './events.js';
import { Healing } from './healing.js';
import { withAsManyRelays } from './relay_count.js';
import { selectedPath } from './stats.js';

/** @import { ChannelOptions } from './channel.js' */

/**
 * `healing`: the path broke and an ICE restart is under way. `closed` without having been asked to: repair was in vain.
 * @typedef {'connecting' | 'connected' | 'healing' | 'closed'} LinkState
 *
 * @typedef {'audio' | 'video'} MediaKind
 *
 * What travels between two links, inside a `send` of noom.v1. `connection` names the link, so that a late message of a link
 * that is gone is recognised; a peer that does not use it is taken at its word.
 * @typedef {object} LinkSignal
 * @property {string} [connection]
 * @property {RTCSessionDescriptionInit} [description]
 * @property {RTCIceCandidateInit | null} [candidate]
 *
 * @typedef {object} LinkOptions
 * @property {string} connection    its name, random
 * @property {boolean} offerer      makes the first offer; the other end waits for it
 * @property {boolean} polite       yields when two offers collide
 * @property {RTCConfiguration} rtc
 * @property {ChannelOptions[]} channels
 * @property {ReadonlyMap<MediaKind, MediaStreamTrack | null>} tracks
 * @property {() => boolean} reachable                whether signaling could deliver now; repair waits for it
 * @property {(signal: LinkSignal) => boolean} send   false when signaling is down
 *
 * @typedef {object} LinkEvents
 * @property {LinkState} state
 * @property {RTCDataChannel} channel        a channel that has just opened
 * @property {unknown} problem               something the other end sent was refused; the link goes on
 */

/** @type {readonly MediaKind[]} */
const KINDS = ['audio', 'video'];
const EARLY_CANDIDATES_MAX = 128;
const UNSENT_MAX = 256;

/** @extends {Emitter<LinkEvents>} */
export class Link extends Emitter {
  #options;
  #pc;
  /** @type {LinkState} */
  #state = 'connecting';
  /** @type {Map<MediaKind, RTCRtpTransceiver>} */
  #transceivers = new Map();
  #hasChannels = false;
  #outgoing = new MediaStream();
  /** @type {Map<MediaKind, MediaStreamTrack | null>} */
  #tracks;
  #makingOffer = false;
  #ignoringOffer = false;
  #settingRemoteAnswer = false;
  /** @type {(RTCIceCandidateInit | null)[]} */
  #early = [];
  /** @type {Promise<void>} */
  #receiving = Promise.resolve();
  #healing;
  /** @type {LinkSignal[]} what could not be sent yet, oldest first */
  #unsent = [];
  /** True once a description was lost for good: the two ends may differ about what was negotiated. */
  #lostDescription = false;

  /** @param {LinkOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.connection = options.connection;
    this.polite = options.polite;
    /** What the other end sends. One object for the life of the link; tracks appear when the first description has been applied. */
    this.stream = new MediaStream();
    this.#tracks = new Map(options.tracks);
    this.#healing = new Healing({ reachable: options.reachable, restart: () => this.restartIce(), giveUp: () => this.close() });
    this.#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...options.rtc });
    this.#pc.onnegotiationneeded = () => void this.#offer();
    this.#pc.onicecandidate = ({ candidate }) => candidate && this.#send({ candidate: candidate.toJSON() });
    this.#pc.onconnectionstatechange = () => this.#onConnectionState();
    this.#pc.ontrack = ({ track }) => this.stream.addTrack(track);
    if (options.offerer) {
      for (const kind of KINDS) this.#adopt(kind, this.#pc.addTransceiver(kind, { direction: 'sendrecv', streams: [this.#outgoing] }));
      this.#openChannels();
    }
  }

  get state() {
    return this.#state;
  }

  /** For statistics and diagnosis. Negotiate through the link, not through this. */
  get pc() {
    return this.#pc;
  }

  /** Whether both ends can be taken to agree on what was negotiated. */
  get settled() {
    return this.#state !== 'closed' && this.#pc.signalingState === 'stable' && this.#pc.remoteDescription !== null && !this.#owesDescription;
  }

  /** Whether the first offer is on its way and unanswered. */
  get offering() {
    return this.#state !== 'closed' && this.#options.offerer && this.#pc.remoteDescription === null && !this.#owesDescription;
  }

  get #owesDescription() {
    return this.#lostDescription || this.#unsent.some((signal) => signal.description);
  }

  /**
   * Sends `track` from now on, or nothing. No renegotiation.
   * @param {MediaKind} kind
   * @param {MediaStreamTrack | null} track
   */
  setTrack(kind, track) {
    this.#tracks.set(kind, track);
    const transceiver = this.#transceivers.get(kind);
    if (transceiver && this.#state !== 'closed') transceiver.sender.replaceTrack(track).catch((error) => this.emit('problem', error));
  }

  /**
   * What the next ICE restart uses. It happens at once where media goes over a relay of this side: the relay ends it with the former credentials.
   * @param {RTCIceServer[]} servers
   * @param {boolean} leaving  a relay that was given before is going away
   */
  async renewIceServers(servers, leaving) {
    if (this.#pc.signalingState === 'closed') return;
    const { iceServers = [], ...rest } = this.#pc.getConfiguration();
    this.#pc.setConfiguration({ ...rest, iceServers: leaving ? withAsManyRelays(servers, iceServers) : servers });
    const path = selectedPath(await this.#pc.getStats());
    if (path ? path.local === 'relay' : leaving) this.restartIce();
  }

  restartIce() {
    if (this.#pc.signalingState !== 'closed') this.#pc.restartIce();
  }

  /** Signaling works again: what could not be sent goes out, and a broken path is repaired at once. */
  resume() {
    if (this.#pc.signalingState === 'closed') return this.close();
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const signal of unsent) this.#send(signal);
    return this.#healing.resume();
  }

  /**
   * A signal from the other end. Signals are applied one after the other; a bad one is reported as `problem` and skipped.
   * @param {LinkSignal} signal
   */
  receive(signal) {
    this.#receiving = this.#receiving.then(async () => {
      // Closed behind our back: by the browser, or by the page through `pc`.
      if (this.#pc.signalingState === 'closed') return this.close();
      try {
        if (signal.description) await this.#onDescription(signal.description);
        else if (signal.candidate !== undefined) await this.#onCandidate(signal.candidate);
      } catch (error) {
        this.emit('problem', error);
      }
    });
  }

  close() {
    if (this.#state === 'closed') return;
    this.#healing.stop();
    this.#unsent = [];
    this.#pc.onnegotiationneeded = this.#pc.onicecandidate = this.#pc.onconnectionstatechange = this.#pc.ontrack = null;
    this.#pc.close();
    this.#setState('closed');
  }

  async #offer() {
    // The answerer's transceivers and channels come with the first offer: asking before it would negotiate everything twice.
    if (!this.#options.offerer && !this.#pc.remoteDescription) return;
    try {
      this.#makingOffer = true;
      await this.#pc.setLocalDescription();
      this.#sendDescription();
    } catch (error) {
      this.emit('problem', error);
    } finally {
      this.#makingOffer = false;
    }
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #onDescription(description) {
    const isOffer = description.type === 'offer';
    const readyForOffer = !this.#makingOffer && (this.#pc.signalingState === 'stable' || this.#settingRemoteAnswer);
    this.#ignoringOffer = isOffer && !readyForOffer && !this.polite;
    if (this.#ignoringOffer) return;
    this.#settingRemoteAnswer = description.type === 'answer';
    try {
      await this.#pc.setRemoteDescription(description);
    } finally {
      this.#settingRemoteAnswer = false;
    }
    await this.#applyEarlyCandidates();
    if (!isOffer) return;
    this.#adoptOffered();
    await this.#pc.setLocalDescription();
    this.#sendDescription();
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #onCandidate(candidate) {
    if (!this.#pc.remoteDescription) {
      if (this.#early.length < EARLY_CANDIDATES_MAX) this.#early.push(candidate);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoringOffer) throw error;
    }
  }

  async #applyEarlyCandidates() {
    for (const candidate of this.#early.splice(0)) await this.#onCandidate(candidate);
  }

  /** The answerer sends back on what the first offer brought, in the offer's order. */
  #adoptOffered() {
    if (this.#options.offerer) return;
    for (const transceiver of this.#pc.getTransceivers()) {
      const kind = /** @type {MediaKind} */ (transceiver.receiver.track.kind);
      if (this.#transceivers.has(kind) || transceiver.currentDirection === 'stopped') continue;
      transceiver.direction = 'sendrecv';
      this.#adopt(kind, transceiver);
      transceiver.sender.setStreams?.(this.#outgoing);
    }
    this.#openChannels();
  }

  /**
   * @param {MediaKind} kind
   * @param {RTCRtpTransceiver} transceiver
   */
  #adopt(kind, transceiver) {
    this.#transceivers.set(kind, transceiver);
    this.setTrack(kind, this.#tracks.get(kind) ?? null);
  }

  #openChannels() {
    if (this.#hasChannels) return;
    this.#hasChannels = true;
    for (const { label, ...options } of this.#options.channels) {
      const channel = this.#pc.createDataChannel(label, { ...options, negotiated: true });
      if (channel.readyState === 'open') this.emit('channel', channel);
      else channel.addEventListener('open', () => this.emit('channel', channel), { once: true });
    }
  }

  #sendDescription() {
    const description = this.#pc.localDescription;
    if (description) this.#send({ description: description.toJSON() });
  }

  /**
   * In the order given, also across a loss of signaling.
   * @param {LinkSignal} signal
   */
  #send(signal) {
    if (this.#unsent.length === 0 && this.#options.send({ connection: this.connection, ...signal })) return;
    if (this.#unsent.length < UNSENT_MAX) this.#unsent.push(signal);
    else if (signal.description) this.#lostDescription = true;
  }

  #onConnectionState() {
    const { connectionState } = this.#pc;
    if (connectionState === 'connected') {
      this.#healing.end();
      this.#setState('connected');
    } else if (connectionState === 'disconnected' || connectionState === 'failed') {
      this.#setState('healing');
      this.#healing.begin(connectionState, this.polite);
    }
  }

  /** @param {LinkState} state */
  #setState(state) {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}
