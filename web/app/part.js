// What the parts of a call have in common: they are told when it begins and ends, and who comes and goes.

import { t } from './i18n.js';

/** @import { Peer, Room } from '../client/index.js' */
/** @import { Tile } from './tile.js' */

/**
 * @typedef {object} Part
 * @property {(room: Room) => void} open       before the first `add`
 * @property {(peer: Peer, tile: Tile) => void} add
 * @property {(peer: Peer) => void} remove
 * @property {() => void} close                nothing remains: no timer, no context, no listener on what goes on
 */

/** @param {{name: string}} person */
export function nameOf({ name }) {
  return name.trim() || t('someone');
}
