// The data channels of the call page: both ends of every call have the same.

/** @import { ChannelOptions } from '../client/index.js' */

export const GAME_CHANNEL = 'game';

/** @type {ChannelOptions[]} */
export const CHANNELS = [
  { label: 'chat', id: 0 },
  { label: 'files', id: 1 },
  // A position that comes late is of no use.
  { label: GAME_CHANNEL, id: 2, ordered: false, maxRetransmits: 0 },
];
