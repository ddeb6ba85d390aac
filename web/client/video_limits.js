// Sending less than the camera gives, by RTCRtpSender.setParameters: nothing is negotiated, and the self view stays sharp.

/** @import { Peer } from './peer.js' */

/** @typedef {{heightMax: number, bitsPerSecondMax: number}} VideoLimits */

/**
 * Holds for the connection and track there are now; set it again when either is another one.
 * @param {Peer} peer
 * @param {VideoLimits | null} limits null: as the camera gives
 * @returns {Promise<boolean>} false when there is no video to this peer, or the browser does not do it
 */
export async function limitVideo(peer, limits) {
  const sender = peer.link?.pc.getSenders().find(({ track }) => track?.kind === 'video');
  const parameters = sender?.getParameters();
  const [encoding] = parameters?.encodings ?? [];
  if (!sender || !parameters || !encoding) return false;
  const height = sender.track?.getSettings().height ?? 720;
  const scale = limits ? Math.max(1, height / limits.heightMax) : 1;
  // Said again, it would make the encoder start anew.
  if ((encoding.scaleResolutionDownBy ?? 1) === scale && encoding.maxBitrate === limits?.bitsPerSecondMax) return true;
  encoding.scaleResolutionDownBy = scale;
  if (limits) encoding.maxBitrate = limits.bitsPerSecondMax;
  else delete encoding.maxBitrate;
  try {
    await sender.setParameters(parameters);
    return true;
  } catch {
    return false;
  }
}
