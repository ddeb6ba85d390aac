// What getStats says about the way the packets take.

/**
 * @typedef {object} SelectedPath
 * @property {string} local             host | srflx | prflx | relay
 * @property {string} remote
 * @property {string} protocol          between this browser and its TURN server when relayed (udp | tcp | tls), else to the peer
 * @property {string} [relay]           url of this side's TURN server
 * @property {number} [roundTripMs]
 */

/**
 * @param {RTCStatsReport} report
 * @returns {SelectedPath | null}
 */
export function selectedPath(report) {
  /** @type {any[]} */
  const entries = [...report.values()];
  const transport = entries.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
  // Firefox has no transport entry; its pair carries the mark itself.
  const pair = transport
    ? report.get(transport.selectedCandidatePairId)
    : entries.find((entry) => entry.type === 'candidate-pair' && entry.selected);
  const local = pair && report.get(pair.localCandidateId);
  const remote = pair && report.get(pair.remoteCandidateId);
  if (!local || !remote) return null;
  return {
    local: local.candidateType,
    remote: remote.candidateType,
    protocol: local.relayProtocol ?? local.protocol,
    ...(local.url ? { relay: local.url } : {}),
    ...(typeof pair.currentRoundTripTime === 'number' ? { roundTripMs: pair.currentRoundTripTime * 1000 } : {}),
  };
}
