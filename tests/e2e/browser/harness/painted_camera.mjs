// A camera for screenshots: a painted person before a painted wall, in colours that depend on the page's seed. Runs inside the page.

export function paintedCamera(seed) {
  const palettes = [
    ['#e9d8c4', '#c9a98a', '#2f5d62', '#f2c6a0', '#3b2a20'],
    ['#cfd9df', '#9fb1bd', '#8c3f3a', '#8d5a3c', '#1d1613'],
    ['#dfe5cf', '#a9b88f', '#3a4b7a', '#f4d3b4', '#b7793a'],
    ['#e6dbe9', '#b9a3c0', '#d08a2e', '#c68c63', '#2b2222'],
    ['#d8e6e6', '#8fb5b5', '#5a3d5c', '#e7b58d', '#6b4a2f'],
  ];
  const [wall, floor, shirt, skin, hair] = palettes[seed % palettes.length];
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const paint = canvas.getContext('2d');
  paint.scale(2 / 3, 2 / 3);
  const shape = (colour, draw) => {
    paint.fillStyle = colour;
    paint.beginPath();
    draw();
    paint.fill();
  };
  let frame = 0;
  const draw = () => {
    const sway = Math.sin(frame++ / 9 + seed) * 5;
    const middle = 480 + (seed % 3 - 1) * 36 + sway;
    shape(wall, () => paint.rect(0, 0, 960, 540));
    shape(floor, () => paint.roundRect(seed % 2 ? 640 : 70, 60, 240, 210, 14));
    shape('#ffffff55', () => paint.roundRect(seed % 2 ? 660 : 90, 80, 200, 170, 8));
    shape(floor, () => paint.rect(0, 430, 960, 110));
    shape(shirt, () => paint.roundRect(middle - 190, 400, 380, 240, 130));
    shape(skin, () => paint.roundRect(middle - 44, 320, 88, 120, 40));
    shape(hair, () => paint.ellipse(middle, 232, 122, 134, 0, 0, 7));
    shape(skin, () => paint.ellipse(middle, 258, 98, 118, 0, 0, 7));
    shape(hair, () => paint.ellipse(middle + (seed % 2 ? 24 : -24), 160, 96, 52, seed % 2 ? 0.25 : -0.25, 0, 7));
    for (const side of [-1, 1]) shape('#241c18', () => paint.ellipse(middle + side * 36, 254, 8, 10, 0, 0, 7));
    paint.strokeStyle = '#8a4a3c';
    paint.lineWidth = 7;
    paint.lineCap = 'round';
    paint.beginPath();
    paint.arc(middle, 286, 34, 0.45, Math.PI - 0.45);
    paint.stroke();
  };
  draw();
  setInterval(draw, 200);
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = new MediaStream();
    if (constraints.audio) (await original({ audio: constraints.audio })).getTracks().forEach((track) => stream.addTrack(track));
    if (constraints.video) stream.addTrack(canvas.captureStream(5).getVideoTracks()[0]);
    return stream;
  };
}
