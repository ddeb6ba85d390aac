// @noom/client: everything a program needs to hold a call over Noom.

export { Channel } from './channel.js';
export { NoomError, toMediaError } from './errors.js';
export { DetailEvent, Emitter } from './events.js';
export { FILES_CHANNEL, Files } from './files.js';
export { Link } from './link.js';
export { LocalMedia } from './media.js';
export { Moderation } from './moderation.js';
export { Peer } from './peer.js';
export { PROTOCOL, reconnectDelayMs, reconnectRule } from './protocol.js';
export { Quality } from './quality.js';
export { Room } from './room.js';
export { Signaling } from './signaling.js';
export { selectedPath } from './stats.js';
export { limitVideo } from './video_limits.js';

/** @typedef {import('./channel.js').ChannelOptions} ChannelOptions */
/** @typedef {import('./file_receiver.js').IncomingFile} IncomingFile */
/** @typedef {import('./file_sender.js').OutgoingFile} OutgoingFile */
/** @typedef {import('./link.js').MediaKind} MediaKind */
/** @typedef {import('./peer.js').PeerState} PeerState */
/** @typedef {import('./protocol.js').IceServer} IceServer */
/** @typedef {import('./protocol.js').Metadata} Metadata */
/** @typedef {import('./quality.js').QualitySample} QualitySample */
/** @typedef {import('./room.js').RoomOptions} RoomOptions */
/** @typedef {import('./room.js').RoomState} RoomState */
/** @typedef {import('./signaling.js').SignalingState} SignalingState */
/** @typedef {import('./stats.js').SelectedPath} SelectedPath */
/** @typedef {import('./transport.js').TransportKind} TransportKind */
/** @typedef {import('./video_limits.js').VideoLimits} VideoLimits */
