// How loud a track is, as a number that follows speech. One AudioContext while started, none after.

/**
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} onLevel 0 to 1, about 20 times a second
 * @returns {() => void} stops and frees everything
 */
export function meterTrack(track, onLevel) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // Speech lies between about -55 and -12 dBFS.
    const decibels = 10 * Math.log10(power + 1e-10);
    const level = Math.min(Math.max((decibels + 55) / 43, 0), 1);
    shown = Math.max(level, shown * 0.8);
    onLevel(track.enabled ? shown : 0);
  }, 50);
  // Without a gesture some browsers start it suspended.
  const resume = () => void context.resume();
  for (const gesture of ['pointerdown', 'keydown']) document.addEventListener(gesture, resume);
  return () => {
    clearInterval(timer);
    for (const gesture of ['pointerdown', 'keydown']) document.removeEventListener(gesture, resume);
    source.disconnect();
    void context.close();
    onLevel(0);
  };
}
