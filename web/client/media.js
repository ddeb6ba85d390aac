// This side's camera, microphone and screen: one track of each at most, devices released as soon as they are not needed.
// Knows nothing of rooms: `room.setTrack(kind, track)` is the caller's to call on `change`.

import { NoomError, toMediaError } from './errors.js';
import { Emitter } from './events.js';

/**
 * @typedef {'microphone' | 'camera' | 'screen'} Source
 * @typedef {{deviceId: string, label: string}} Device
 * @typedef {{microphones: Device[], cameras: Device[], speakers: Device[]}} Devices
 *
 * @typedef {object} LocalMediaEvents
 * @property {{source: Source, track: MediaStreamTrack | null}} change
 * @property {{source: Source}} lost       the device was unplugged, taken away, or sharing was ended by the browser
 * @property {Devices} devices             plugged or unplugged
 */

const CAMERA_SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };
const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const REAR_LABEL = /\b(back|rear|environment|world)\b|후면/i;

/** @extends {Emitter<LocalMediaEvents>} */
export class LocalMedia extends Emitter {
  /** @type {Map<Source, MediaStreamTrack>} */
  #tracks = new Map();
  /** @type {Promise<unknown>} */
  #queue = Promise.resolve();
  #closed = false;
  #onDeviceChange = () => void this.devices().then((devices) => this.emit('devices', devices));

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener('devicechange', this.#onDeviceChange);
  }

  get microphone() {
    return this.#tracks.get('microphone') ?? null;
  }
  get camera() {
    return this.#tracks.get('camera') ?? null;
  }
  get screen() {
    return this.#tracks.get('screen') ?? null;
  }

  /** Whether the camera looks at its user, so that the self view should be a mirror. */
  get facesUser() {
    return this.camera === null || !looksAway(this.camera);
  }

  static get canShareScreen() {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /**
   * What is plugged in. Labels are empty until a permission was given.
   * @returns {Promise<Devices>}
   */
  async devices() {
    const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const of = (/** @type {MediaDeviceKind} */ kind) =>
      found.filter((device) => device.kind === kind && device.deviceId !== '').map(({ deviceId, label }) => ({ deviceId, label }));
    return { microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
  }

  /**
   * Opens both with one question to the user. What is not there or not allowed does not keep the other from opening.
   * @param {{microphone?: string, camera?: string}} preferred device ids
   * @returns {Promise<Partial<Record<Source, NoomError>>>} what did not open, and why
   */
  async startBoth(preferred) {
    /** @type {Partial<Record<Source, NoomError>>} */
    const problems = {};
    const ids = { microphone: preferred.microphone, camera: preferred.camera };
    const together = await this.#exclusively(() => this.#captureBoth(ids));
    if (together) return problems;
    await this.startMicrophone(ids.microphone).catch((error) => (problems.microphone = error));
    await this.startCamera(ids.camera).catch((error) => (problems.camera = error));
    return problems;
  }

  /**
   * Opens the microphone, or changes to another one.
   * @param {string} [deviceId] preferred; another is taken when it is gone
   */
  startMicrophone(deviceId) {
    return this.#exclusively(async () => {
      this.#stop('microphone');
      await this.#open('microphone', (exact) => ({ audio: { ...VOICE, ...exact } }), deviceId);
    });
  }

  stopMicrophone() {
    return this.#exclusively(async () => this.#stop('microphone'));
  }

  /**
   * Silence without giving the device back, so that speaking again is immediate.
   * @param {boolean} enabled
   */
  enableMicrophone(enabled) {
    if (this.microphone) this.microphone.enabled = enabled;
  }

  /**
   * Opens the camera, or changes to another one. The old track is stopped first: phones open only one camera at a time.
   * @param {string} [deviceId] preferred; another is taken when it is gone
   */
  startCamera(deviceId) {
    return this.#exclusively(async () => {
      this.#stop('camera');
      await this.#open('camera', (exact) => ({ video: { ...CAMERA_SIZE, ...exact } }), deviceId);
    });
  }

  /** Gives the camera back: its light goes out. */
  stopCamera() {
    return this.#exclusively(async () => this.#stop('camera'));
  }

  /** From the front camera to the rear one and back; where nothing says which is which, to the next one. */
  switchCamera() {
    return this.#exclusively(async () => {
      const current = this.camera;
      const currentId = current?.getSettings().deviceId;
      const toRear = current === null || !looksAway(current);
      const { cameras } = await this.devices();
      const others = cameras.filter((camera) => camera.deviceId !== currentId);
      const next = others.find((camera) => REAR_LABEL.test(camera.label) === toRear) ?? others[0];
      this.#stop('camera');
      const facing = { video: { ...CAMERA_SIZE, facingMode: { exact: toRear ? 'environment' : 'user' } } };
      try {
        await this.#capture('camera', next ? { video: { ...CAMERA_SIZE, deviceId: { exact: next.deviceId } } } : facing);
      } catch (error) {
        // A phone may list cameras that cannot be opened by id; the direction still can.
        await this.#capture('camera', facing).catch(() => this.#open('camera', () => ({ video: CAMERA_SIZE }), undefined));
        if (!this.camera) throw error;
      }
    });
  }

  /** Asks which screen, window or tab to show. Rejects with `permission_denied` when the dialog is cancelled. */
  startScreen() {
    return this.#exclusively(async () => {
      if (!LocalMedia.canShareScreen) throw new NoomError('unsupported', 'This browser cannot share the screen.');
      this.#stop('screen');
      try {
        const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: false });
        const [track] = stream.getVideoTracks();
        if (track) track.contentHint = 'detail';
        this.#take('screen', track);
      } catch (error) {
        throw toMediaError(error);
      }
    });
  }

  stopScreen() {
    return this.#exclusively(async () => this.#stop('screen'));
  }

  /** Releases everything. */
  close() {
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.#onDeviceChange);
    for (const source of [...this.#tracks.keys()]) this.#stop(source);
  }

  /** @param {{microphone?: string | undefined, camera?: string | undefined}} ids */
  async #captureBoth(ids) {
    const exact = (/** @type {string | undefined} */ id) => (id ? { deviceId: { exact: id } } : {});
    try {
      const constraints = { audio: { ...VOICE, ...exact(ids.microphone) }, video: { ...CAMERA_SIZE, ...exact(ids.camera) } };
      const stream = await mediaDevices().getUserMedia(constraints);
      this.#stop('microphone');
      this.#stop('camera');
      this.#take('microphone', stream.getAudioTracks()[0]);
      this.#take('camera', stream.getVideoTracks()[0]);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {Source} source
   * @param {(exact: MediaTrackConstraints) => MediaStreamConstraints} constraints
   * @param {string | undefined} deviceId
   */
  async #open(source, constraints, deviceId) {
    try {
      await this.#capture(source, constraints(deviceId ? { deviceId: { exact: deviceId } } : {}));
    } catch (error) {
      if (!deviceId || /** @type {NoomError} */ (error).code !== 'device_missing') throw error;
      await this.#capture(source, constraints({}));
    }
  }

  /**
   * @param {Source} source
   * @param {MediaStreamConstraints} constraints
   */
  async #capture(source, constraints) {
    try {
      const stream = await mediaDevices().getUserMedia(constraints);
      this.#take(source, stream.getTracks()[0]);
    } catch (error) {
      throw toMediaError(error);
    }
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack | undefined} track
   */
  #take(source, track) {
    if (!track) throw new NoomError('device_missing', `The browser returned no ${source}.`);
    if (this.#closed) {
      track.stop();
      return;
    }
    this.#tracks.set(source, track);
    track.addEventListener('ended', () => {
      if (this.#tracks.get(source) !== track) return;
      this.#stop(source);
      this.emit('lost', { source });
    });
    this.emit('change', { source, track });
  }

  /** @param {Source} source */
  #stop(source) {
    const track = this.#tracks.get(source);
    if (!track) return;
    this.#tracks.delete(source);
    track.stop();
    this.emit('change', { source, track: null });
  }

  /**
   * One device operation at a time: a double click must not leave two cameras open.
   * @template Result
   * @param {() => Promise<Result>} operation
   * @returns {Promise<Result>}
   */
  #exclusively(operation) {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** @param {MediaStreamTrack} track */
function looksAway(track) {
  const facing = track.getSettings().facingMode;
  return facing ? facing === 'environment' : REAR_LABEL.test(track.label);
}

/** Browsers hide mediaDevices from pages that came over plain HTTP. */
function mediaDevices() {
  if (!navigator.mediaDevices) throw new NoomError('insecure_context', 'Camera and microphone need HTTPS or localhost.');
  return navigator.mediaDevices;
}
