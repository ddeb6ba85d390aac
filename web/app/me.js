// This person: what the microphone, camera and screen are meant to do, what they do, and what went wrong. Shared by lobby and call.

import { Emitter, LocalMedia } from '../client/index.js';
import { remember, settings } from './settings.js';

/** @import { NoomError } from '../client/index.js' */
/** @import { Source } from '../client/media.js' */

/**
 * @typedef {object} MeEvents
 * @property {void} change                         anything the page shows may be different now
 * @property {{source: Source, instead: string | null}} lost   unplugged or taken away; `instead`: the device that is used now
 * @property {{source: Source, error: NoomError}} refused
 * @property {void} devices
 */

const TALK_AGAIN_MS = 8_000;

/** @extends {Emitter<MeEvents>} */
export class Me extends Emitter {
  media = new LocalMedia();
  /** @type {Partial<Record<Source, NoomError>>} */
  problems = {};
  /** @type {import('../client/media.js').Devices} */
  devices = { microphones: [], cameras: [], speakers: [] };
  /** The browser may be asking the user right now. */
  asking = false;
  #microphoneOn = settings.microphoneOn;
  #watching = false;
  #talking = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #giveBack;
  /** @type {Set<Source>} what was unplugged while it was in use, and comes back with its device */
  #missed = new Set();
  #preview = new MediaStream();

  constructor() {
    super();
    this.media.on('change', () => this.#changed());
    this.media.on('lost', ({ source }) => void this.#onLost(source));
    this.media.on('devices', () => void this.#onDevices());
  }

  /** A viewer: neither seen nor heard. */
  get watching() {
    return this.#watching;
  }
  get microphoneOn() {
    return this.#microphoneOn && this.media.microphone !== null;
  }
  get cameraOn() {
    return this.media.camera !== null;
  }
  get sharing() {
    return this.media.screen !== null;
  }

  /** What the others get to see. */
  get videoTrack() {
    return this.media.screen ?? this.media.camera;
  }

  /** What this side sees of itself: one stream object for the life of the page. */
  get preview() {
    return this.#preview;
  }

  get mirrored() {
    return !this.sharing && this.media.facesUser;
  }

  /** Flipping makes sense with two cameras, or on a phone, which may hide its second one. */
  get canFlip() {
    const phone = matchMedia('(pointer: coarse)').matches && /Android|iPhone|iPad/.test(navigator.userAgent);
    return this.cameraOn && (this.devices.cameras.length > 1 || phone);
  }

  /** Opens what was on last time. */
  async start() {
    this.asking = true;
    this.emit('change', undefined);
    const { microphoneOn, cameraOn, microphone, camera } = settings;
    if (microphoneOn && cameraOn) this.problems = await this.media.startBoth({ microphone, camera });
    else if (microphoneOn) await this.#attempt('microphone', () => this.media.startMicrophone(microphone));
    else if (cameraOn) await this.#attempt('camera', () => this.media.startCamera(camera));
    this.asking = false;
    await this.refreshDevices();
    this.#changed();
  }

  /** Asks again for what was refused. */
  async retry() {
    remember({ microphoneOn: true, cameraOn: true });
    this.#microphoneOn = true;
    await this.start();
  }

  async toggleMicrophone() {
    if (this.#watching) return;
    this.#talking = false;
    clearTimeout(this.#giveBack);
    this.#microphoneOn = !this.microphoneOn;
    remember({ microphoneOn: this.#microphoneOn });
    if (!this.#microphoneOn) await this.media.stopMicrophone();
    else if (!this.media.microphone) await this.#attempt('microphone', () => this.media.startMicrophone(settings.microphone));
    this.#changed();
  }

  /**
   * Push to talk, while the microphone is off. The device is kept for a moment, so that the next word is not cut off.
   * @param {boolean} talking
   */
  async talk(talking) {
    if (talking === this.#talking || (talking && (this.#microphoneOn || this.#watching))) return;
    this.#talking = this.#microphoneOn = talking;
    clearTimeout(this.#giveBack);
    if (!talking) this.#giveBack = setTimeout(() => void (this.#microphoneOn || this.media.stopMicrophone()), TALK_AGAIN_MS);
    else if (!this.media.microphone) await this.#attempt('microphone', () => this.media.startMicrophone(settings.microphone));
    this.#changed();
  }

  async toggleCamera() {
    if (this.#watching) return;
    const on = !this.cameraOn;
    remember({ cameraOn: on });
    if (on) await this.#attempt('camera', () => this.media.startCamera(settings.camera));
    else await this.media.stopCamera();
    this.#missed.delete('camera');
  }

  async flipCamera() {
    await this.#attempt('camera', () => this.media.switchCamera());
    remember({ camera: this.media.camera?.getSettings().deviceId ?? '' });
  }

  async toggleScreen() {
    if (this.#watching) return;
    if (this.sharing) await this.media.stopScreen();
    else await this.#attempt('screen', () => this.media.startScreen());
  }

  /**
   * @param {'microphone' | 'camera' | 'speaker'} kind
   * @param {string} deviceId
   */
  async choose(kind, deviceId) {
    remember({ [kind]: deviceId });
    if (kind === 'microphone' && this.media.microphone) await this.#attempt(kind, () => this.media.startMicrophone(deviceId));
    if (kind === 'camera' && this.media.camera) await this.#attempt(kind, () => this.media.startCamera(deviceId));
    this.#changed();
  }

  async refreshDevices() {
    this.devices = await this.media.devices();
    this.emit('devices', undefined);
  }

  /**
   * Viewers give their devices back. Whoever is none any more switches them on again, or does not.
   * @param {boolean} watching
   */
  async watch(watching) {
    if (watching === this.#watching) return;
    this.#watching = watching;
    this.#microphoneOn = watching ? false : settings.microphoneOn;
    if (watching) await this.release();
    this.#changed();
  }

  /** Gives every device back; `start` opens them again. */
  async release() {
    clearTimeout(this.#giveBack);
    this.#missed.clear();
    await this.media.stopScreen();
    await this.media.stopCamera();
    await this.media.stopMicrophone();
  }

  /**
   * Another device takes over, if there is one.
   * @param {Source} source
   */
  async #onLost(source) {
    let instead = null;
    await this.refreshDevices();
    if (source !== 'screen') {
      this.#missed.add(source);
      instead = await this.#reopen(source);
    }
    this.emit('lost', { source, instead });
  }

  async #onDevices() {
    await this.refreshDevices();
    for (const source of this.#missed) if (source !== 'screen') await this.#reopen(source);
  }

  /**
   * @param {'microphone' | 'camera'} source
   * @returns {Promise<string | null>} the label of the device that was opened
   */
  async #reopen(source) {
    if ((source === 'camera' ? this.devices.cameras : this.devices.microphones).length === 0) return null;
    try {
      if (source === 'camera') await this.media.startCamera(settings.camera);
      else await this.media.startMicrophone(settings.microphone);
      this.#missed.delete(source);
      this.#changed();
      return (source === 'camera' ? this.media.camera : this.media.microphone)?.label ?? null;
    } catch {
      return null;
    }
  }

  /**
   * @param {Source} source
   * @param {() => Promise<void>} operation
   */
  async #attempt(source, operation) {
    delete this.problems[source];
    this.#missed.delete(source);
    try {
      await operation();
      // The first permission is what gives the devices their names.
      if (this.devices.cameras.concat(this.devices.microphones).every((device) => device.label === '')) await this.refreshDevices();
    } catch (thrown) {
      const error = /** @type {NoomError} */ (thrown);
      this.problems[source] = error;
      this.emit('refused', { source, error });
    }
    this.#changed();
  }

  #changed() {
    this.media.enableMicrophone(this.#microphoneOn);
    const track = this.videoTrack;
    for (const old of this.#preview.getTracks()) if (old !== track) this.#preview.removeTrack(old);
    if (track) this.#preview.addTrack(track);
    this.emit('change', undefined);
  }
}
