// What the parts of a call have in common: they are told when it begins and ends, and who comes and goes.

import { t } from './i18n.js';
import { toast } from './notices.js';

/** @import { NoomError, Peer, Room } from '../client/index.js' */
/** @import { Key } from './i18n.js' */
/** @import { Tile } from './tile.js' */

/**
 * @typedef {object} Part
 * @property {(room: Room) => void} open       before the first `add`
 * @property {(peer: Peer, tile: Tile) => void} add
 * @property {(peer: Peer) => void} remove
 * @property {() => void} close                nothing remains: no timer, no context, no listener on what goes on
 */

/** @type {Record<string, Key>} */
export const ROLES = { host: 'role_host', moderator: 'role_moderator', member: 'role_member', viewer: 'role_viewer' };

/** @param {{name: string}} person */
export function nameOf({ name }) {
  return name.trim() || t('someone');
}

/**
 * Whether somebody of the one role decides about somebody of the other: docs/admission.md.
 * @param {string} role
 * @param {string} other
 */
export function outranks(role, other) {
  return (role === 'host' && other !== 'host') || (role === 'moderator' && other !== 'host' && other !== 'moderator');
}

/** @param {NoomError} error what the server did not allow */
export function tellRefusal({ code }) {
  toast(t('refused', { code }));
}
