// What the address bar asks for.

import { isRoomName } from './room_name.js';

/** @import { IceServer } from '../client/index.js' */

/**
 * @typedef {object} Route
 * @property {'start' | 'room' | 'bad_room' | 'not_found'} page
 * @property {string} room              only with `room`
 * @property {boolean} byQuery          ?room=… : for static servers that cannot map /r/… to index.html
 * @property {boolean} relayOnly        ?relay=1
 * @property {'' | 'udp' | 'tcp' | 'tls'} transport   ?transport=… : only such TURN urls
 * @property {string} token             #token=… : what lets its bearer in, docs/admission.md; no server log has what follows a #
 */

/**
 * @param {Pick<Location, 'pathname' | 'search' | 'hash'>} location
 * @returns {Route}
 */
export function readRoute(location) {
  const query = new URLSearchParams(location.search);
  const transport = query.get('transport') ?? '';
  /** @type {Pick<Route, 'relayOnly' | 'transport' | 'token'>} */
  const common = {
    relayOnly: query.get('relay') === '1',
    transport: transport === 'udp' || transport === 'tcp' || transport === 'tls' ? transport : '',
    token: new URLSearchParams(location.hash.slice(1)).get('token') ?? '',
  };
  const byQuery = query.has('room');
  const path = location.pathname.replace(/\/index\.html$/, '/');
  const named = byQuery ? query.get('room') : (/^\/r\/([^/]*)\/?$/.exec(path)?.[1] ?? null);
  if (named !== null) {
    const room = byQuery ? named : decode(named);
    return isRoomName(room) ? { page: 'room', room, byQuery, ...common } : { page: 'bad_room', room: '', byQuery, ...common };
  }
  return { page: path === '/' ? 'start' : 'not_found', room: '', byQuery, ...common };
}

/**
 * The address of a room as others should open it: without this page's diagnostic switches and token.
 * @param {string} room
 * @param {boolean} byQuery
 */
export function roomLink(room, byQuery) {
  return byQuery ? `${location.origin}${location.pathname}?room=${room}` : `${location.origin}/r/${room}`;
}

/**
 * The same for this page's own address bar: all of that stays.
 * @param {string} room
 * @param {boolean} byQuery
 */
export function roomAddress(room, byQuery) {
  const query = new URLSearchParams(location.search);
  if (byQuery) query.set('room', room);
  const search = query.size > 0 ? `?${query}` : '';
  return (byQuery ? `${location.pathname}${search}` : `/r/${room}${search}`) + location.hash;
}

/**
 * The address of a room for one person.
 * @param {string} link   as roomLink makes it
 * @param {string} token
 */
export function personalLink(link, token) {
  return `${link}#token=${encodeURIComponent(token)}`;
}

/**
 * Keeps the TURN urls of one transport.
 * @param {IceServer[]} servers
 * @param {Route['transport']} transport
 * @returns {IceServer[]}
 */
export function filterIceServers(servers, transport) {
  if (transport === '') return servers;
  return servers
    .map((server) => ({ ...server, urls: [server.urls].flat().filter((url) => transportOf(url) === transport) }))
    .filter((server) => server.urls.length > 0);
}

/** @param {string} url */
function transportOf(url) {
  if (url.startsWith('turns:')) return 'tls';
  if (url.startsWith('turn:')) return url.includes('transport=tcp') ? 'tcp' : 'udp';
  return 'stun';
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
