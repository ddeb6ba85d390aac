// Round trip, loss and throughput between the two ends of a loopback pair. Each packet passes the line to the relay twice on its way there.

/** @import { LoopbackPair } from './relay_check.js' */

const ECHOES = 40;
const ECHO_INTERVAL_MS = 25;
const ECHO_PATIENCE_MS = 1_500;
const BULK_MS = 1_500;
const BULK_BYTES_MAX = 8 * 1024 * 1024;
const CHUNK_BYTES = 16 * 1024;
const BUFFERED_MAX = 8 * CHUNK_BYTES;

/** @param {LoopbackPair} pair */
export async function measure({ echo, bulk }) {
  return { ...(await measureEcho(echo.left, echo.right)), kbps: await measureThroughput(bulk.left, bulk.right) };
}

/**
 * @param {RTCDataChannel} left
 * @param {RTCDataChannel} right
 */
async function measureEcho(left, right) {
  /** @type {number[]} */
  const times = [];
  const sent = new Float64Array(ECHOES);
  right.onmessage = ({ data }) => right.readyState === 'open' && right.send(data);
  const all = new Promise((resolve) => {
    left.onmessage = ({ data }) => {
      times.push(performance.now() - Number(sent[new Uint8Array(data)[0] ?? 0]));
      if (times.length === ECHOES) resolve(null);
    };
  });
  for (let i = 0; i < ECHOES && left.readyState === 'open'; ++i) {
    sent[i] = performance.now();
    left.send(new Uint8Array([i]));
    await pause(ECHO_INTERVAL_MS);
  }
  await Promise.race([all, pause(ECHO_PATIENCE_MS)]);
  left.onmessage = right.onmessage = null;
  // There and back is twice to the relay and back: once for each end.
  const rttMs = times.length > 0 ? /** @type {number} */ (times.sort((a, b) => a - b)[times.length >> 1]) / 2 : undefined;
  return { ...(rttMs === undefined ? {} : { rttMs }), lossPercent: (100 * (ECHOES - times.length)) / ECHOES };
}

/**
 * @param {RTCDataChannel} left
 * @param {RTCDataChannel} right
 * @returns {Promise<number>} kilobits a second that arrived
 */
async function measureThroughput(left, right) {
  const start = performance.now();
  let received = 0;
  let last = start;
  right.onmessage = ({ data }) => {
    received += data.byteLength;
    last = performance.now();
  };
  left.bufferedAmountLowThreshold = BUFFERED_MAX / 2;
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let sent = 0; sent < BULK_BYTES_MAX && performance.now() - start < BULK_MS && left.readyState === 'open'; sent += CHUNK_BYTES) {
    left.send(chunk);
    if (left.bufferedAmount >= BUFFERED_MAX) await Promise.race([lowered(left), pause(BULK_MS)]);
  }
  right.onmessage = null;
  return last > start ? (received * 8) / (last - start) : 0;
}

/** @param {RTCDataChannel} channel */
function lowered(channel) {
  return new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }));
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
