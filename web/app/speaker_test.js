// A short chime through the chosen speaker. By way of an element, because not every browser lets an AudioContext choose its output.

import { byId } from './dom.js';
import { setText } from './i18n.js';
import { settings } from './settings.js';

const NOTES_HZ = [523.25, 659.25, 783.99];
const NOTE_S = 0.22;
const LASTS_MS = 1_400;

export class SpeakerTest {
  #button = byId('speaker-test', HTMLButtonElement);
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {HTMLAudioElement | null} */
  #element = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.#button.addEventListener('click', () => void this.#play());
  }

  stop() {
    clearTimeout(this.#timer);
    this.#element?.pause();
    if (this.#element) this.#element.srcObject = null;
    void this.#context?.close();
    this.#context = this.#element = null;
    this.#label('speaker_test');
  }

  async #play() {
    this.stop();
    const context = (this.#context = new AudioContext());
    const output = context.createMediaStreamDestination();
    NOTES_HZ.forEach((frequency, index) => chime(context, output, frequency, context.currentTime + 0.08 + index * NOTE_S));
    const element = (this.#element = new Audio());
    element.srcObject = output.stream;
    this.#timer = setTimeout(() => this.stop(), LASTS_MS);
    this.#label('speaker_testing');
    try {
      if ('setSinkId' in element && settings.speaker) await element.setSinkId(settings.speaker);
      await element.play();
    } catch {
      // Unplugged meanwhile, or stopped.
    }
  }

  /** @param {import('./i18n.js').Key} key */
  #label(key) {
    setText(this.#button.querySelector('span') ?? this.#button, key);
  }
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} output
 * @param {number} frequency
 * @param {number} at seconds
 */
function chime(context, output, frequency, at) {
  const oscillator = new OscillatorNode(context, { frequency, type: 'sine' });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.35, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S * 2.4);
  oscillator.connect(gain).connect(output);
  oscillator.start(at);
  oscillator.stop(at + NOTE_S * 2.5);
}
