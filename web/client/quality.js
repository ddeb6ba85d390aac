// How good the connection to one peer is: what getStats counts, as differences between two looks at it.

import { Emitter } from './events.js';
import { selectedPath } from './stats.js';

/** @import { Peer } from './peer.js' */
/** @import { SelectedPath } from './stats.js' */

/**
 * @typedef {{width: number, height: number, framesPerSecond: number}} Picture
 *
 * @typedef {object} QualitySample   null where the browser does not say
 * @property {number} at                      milliseconds since 1970
 * @property {SelectedPath | null} path
 * @property {number | null} roundTripMs
 * @property {number | null} lossPercent      the worse of both directions, since the last sample
 * @property {number | null} jitterMs         of what comes
 * @property {number | null} receivedKbps
 * @property {number | null} sentKbps
 * @property {Picture | null} received
 * @property {Picture | null} sent
 * @property {string | null} limitedBy        why less than possible is sent: `cpu`, `bandwidth`, `other`
 * @property {0 | 1 | 2 | 3 | 4} bars         0: there is no path
 */

// From 4 bars down to 2; what is worse than the last has 1. Loss in percent, round trip in ms.
const GRADES = /** @type {const} */ ([[4, 1.5, 200], [3, 4, 400], [2, 10, 800]]);

/** @extends {Emitter<{sample: QualitySample}>} */
export class Quality extends Emitter {
  #peer;
  /** @type {Totals | null} */
  #last = null;

  /** @param {Peer} peer */
  constructor(peer) {
    super();
    this.#peer = peer;
  }

  /** @returns {Promise<QualitySample>} compared with the sample before; the first has no rates */
  async sample() {
    const { link } = this.#peer;
    const report = link && link.state !== 'closed' ? await link.pc.getStats().catch(() => null) : null;
    const now = report && link ? totals(report, link.connection) : null;
    // Another link counts anew.
    const last = this.#last?.connection === now?.connection ? this.#last : null;
    this.#last = now;
    const sample = toSample(report && link?.state === 'connected' ? selectedPath(report) : null, now, last);
    this.emit('sample', sample);
    return sample;
  }
}

/**
 * @typedef {object} Totals
 * @property {string} connection
 * @property {number} at
 * @property {number} bytesReceived
 * @property {number} bytesSent
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number | null} jitter
 * @property {number | null} fractionLost   what the other end reports
 * @property {any} inVideo
 * @property {any} outVideo
 */

/**
 * @param {RTCStatsReport} report
 * @param {string} connection
 * @returns {Totals}
 */
function totals(report, connection) {
  /** @type {any[]} */
  const entries = [...report.values()];
  const inbound = entries.filter((entry) => entry.type === 'inbound-rtp');
  const outbound = entries.filter((entry) => entry.type === 'outbound-rtp');
  const remote = entries.filter((entry) => entry.type === 'remote-inbound-rtp' && typeof entry.fractionLost === 'number');
  return {
    connection,
    at: Date.now(),
    bytesReceived: sum(inbound, 'bytesReceived'),
    bytesSent: sum(outbound, 'bytesSent'),
    packetsReceived: sum(inbound, 'packetsReceived'),
    packetsLost: sum(inbound, 'packetsLost'),
    jitter: highest(inbound, 'jitter'),
    fractionLost: highest(remote, 'fractionLost'),
    inVideo: inbound.find((entry) => entry.kind === 'video'),
    outVideo: outbound.find((entry) => entry.kind === 'video'),
  };
}

/**
 * @param {SelectedPath | null} path
 * @param {Totals | null} now
 * @param {Totals | null} last
 * @returns {QualitySample}
 */
function toSample(path, now, last) {
  const seconds = now && last ? (now.at - last.at) / 1000 : 0;
  const rate = (/** @type {'bytesReceived' | 'bytesSent'} */ key) =>
    now && last && seconds > 0 ? Math.max(0, Math.round(((now[key] - last[key]) * 8) / 1000 / seconds)) : null;
  const roundTripMs = path?.roundTripMs === undefined ? null : Math.round(path.roundTripMs);
  const lossPercent = loss(now, last);
  return {
    at: now?.at ?? Date.now(),
    path,
    roundTripMs,
    lossPercent,
    jitterMs: now?.jitter == null ? null : Math.round(now.jitter * 1000),
    receivedKbps: rate('bytesReceived'),
    sentKbps: rate('bytesSent'),
    received: picture(now?.inVideo),
    sent: picture(now?.outVideo),
    limitedBy: reason(now?.outVideo?.qualityLimitationReason),
    bars: path ? grade(lossPercent ?? 0, roundTripMs ?? 0) : 0,
  };
}

/**
 * @param {Totals | null} now
 * @param {Totals | null} last
 */
function loss(now, last) {
  if (!now || !last) return null;
  const lost = Math.max(0, now.packetsLost - last.packetsLost);
  const came = Math.max(0, now.packetsReceived - last.packetsReceived);
  const here = lost + came > 0 ? (100 * lost) / (lost + came) : null;
  const there = now.fractionLost === null ? null : 100 * now.fractionLost;
  if (here === null && there === null) return null;
  return Math.round(10 * Math.max(here ?? 0, there ?? 0)) / 10;
}

/**
 * @param {number} lossPercent
 * @param {number} roundTripMs
 * @returns {1 | 2 | 3 | 4}
 */
function grade(lossPercent, roundTripMs) {
  return GRADES.find(([, lossMax, roundTripMax]) => lossPercent <= lossMax && roundTripMs <= roundTripMax)?.[0] ?? 1;
}

/**
 * @param {any} video
 * @returns {Picture | null}
 */
function picture(video) {
  if (!video?.frameWidth || !video.framesPerSecond) return null;
  return { width: video.frameWidth, height: video.frameHeight, framesPerSecond: Math.round(video.framesPerSecond) };
}

/** @param {unknown} limitation */
function reason(limitation) {
  return typeof limitation === 'string' && limitation !== 'none' ? limitation : null;
}

/**
 * @param {any[]} entries
 * @param {string} key
 */
function sum(entries, key) {
  return entries.reduce((total, entry) => total + (entry[key] ?? 0), 0);
}

/**
 * @param {any[]} entries
 * @param {string} key
 * @returns {number | null}
 */
function highest(entries, key) {
  const values = entries.map((entry) => entry[key]).filter((value) => typeof value === 'number');
  return values.length > 0 ? Math.max(...values) : null;
}
