// What a browser finds out while it gathers candidates: the candidates, and why others did not come.

/**
 * @typedef {object} GatheringError
 * @property {number} code      a STUN error code; 701: the server could not be reached (WebRTC §5.7.3)
 * @property {string} text
 * @property {string} url
 */

/**
 * @typedef {object} Gathered
 * @property {RTCIceCandidate[]} candidates
 * @property {GatheringError[]} errors
 * @property {boolean} complete     false: something was still awaited when the time was over
 */

/**
 * @param {RTCConfiguration} config
 * @param {number} patienceMs
 * @returns {Promise<Gathered>} rejects when the browser cannot use the configuration
 */
export async function gather(config, patienceMs) {
  const connection = new RTCPeerConnection(config);
  const gathered = watchGathering(connection);
  try {
    connection.createDataChannel('');
    const complete = new Promise((resolve) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve(true);
    });
    await connection.setLocalDescription();
    await Promise.race([complete, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
    return { ...gathered, complete: connection.iceGatheringState === 'complete' };
  } finally {
    connection.close();
  }
}

/**
 * Both lists grow as the browser goes on.
 * @param {RTCPeerConnection} connection
 * @returns {{candidates: RTCIceCandidate[], errors: GatheringError[]}}
 */
export function watchGathering(connection) {
  /** @type {{candidates: RTCIceCandidate[], errors: GatheringError[]}} */
  const gathered = { candidates: [], errors: [] };
  connection.addEventListener('icecandidate', ({ candidate }) => candidate?.candidate && gathered.candidates.push(candidate));
  connection.addEventListener('icecandidateerror', ({ errorCode, errorText, url }) =>
    gathered.errors.push({ code: errorCode, text: errorText, url }),
  );
  return gathered;
}
