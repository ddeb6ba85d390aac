// As much of an RTCPeerConnection as the roster's decisions depend on: offers, answers, states. No network, no media.

import { webcrypto } from 'node:crypto';

// Node 18 keeps it to itself.
globalThis.crypto ??= webcrypto;

export class FakePeerConnection {
  static all = [];
  signalingState = 'stable';
  connectionState = 'new';
  localDescription = null;
  remoteDescription = null;
  #transceivers = [];

  constructor(configuration) {
    this.configuration = configuration;
    FakePeerConnection.all.push(this);
  }
  addTransceiver(kind) {
    const transceiver = { receiver: { track: { kind } }, sender: { replaceTrack: async () => {} }, currentDirection: null };
    this.#transceivers.push(transceiver);
    queueMicrotask(() => this.onnegotiationneeded?.());
    return transceiver;
  }
  getTransceivers() {
    return this.#transceivers;
  }
  createDataChannel(label) {
    return Object.assign(new EventTarget(), { label, readyState: 'connecting', close() {} });
  }
  getConfiguration() {
    return {};
  }
  setConfiguration({ iceServers }) {
    this.iceServers = iceServers;
  }
  async getStats() {
    const pair = { id: 'pair', type: 'candidate-pair', selected: true, localCandidateId: 'local', remoteCandidateId: 'remote' };
    const candidates = [{ id: 'local', candidateType: this.path ?? 'host' }, { id: 'remote', candidateType: 'host' }];
    return new Map([...(this.path === null ? [] : [pair]), ...candidates].map((entry) => [entry.id, entry]));
  }
  restartIce() {
    this.restarts = (this.restarts ?? 0) + 1;
  }
  async setLocalDescription() {
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.localDescription = { type, sdp: '', toJSON: () => ({ type, sdp: '' }) };
    this.signalingState = type === 'answer' ? 'stable' : 'have-local-offer';
    if (type === 'answer') this.#connected();
  }
  async setRemoteDescription(description) {
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    if (description.type === 'answer') this.#connected();
  }
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  close() {
    this.signalingState = this.connectionState = 'closed';
  }
  #connected() {
    this.become('connected');
  }
}

export class FakeMediaStream {
  addTrack() {}
}
