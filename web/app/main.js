// The page's way from lobby to call to goodbye, by the address bar and by what people do.

import { Call } from './call.js';
import { startControls } from './controls.js';
import { language, onLanguage, t } from './i18n.js';
import { Lobby } from './lobby.js';
import { Me } from './me.js';
import { MessageView } from './message_view.js';
import { toast } from './notices.js';
import { startPickers } from './pickers.js';
import { startPreferences } from './preferences.js';
import { readRoute, roomAddress } from './route.js';

/** @import { NoomError } from '../client/index.js' */
/** @import { Key } from './i18n.js' */
/** @import { MessageText } from './message_view.js' */

/** What an invitation lacked. @type {Record<string, Key>} */
const INVITATION_LACKS = {
  token_required: 'token_text', token_used: 'token_used_text', token_expired: 'token_expired_text', token_invalid: 'token_invalid_text', wrong_room: 'token_invalid_text',
};

startPreferences();
const me = new Me();
const message = new MessageView();
const call = new Call(me, onEnd);
/** @type {Lobby} */
const lobby = new Lobby(me, enter, (room) => call.showInvitation(room, readRoute(location)));
startControls(me);
startPickers(me);
me.on('lost', ({ source, instead }) => {
  const lost = t(source === 'screen' ? 'sharing_ended' : source === 'camera' ? 'lost_camera' : 'lost_microphone');
  toast(instead === null ? lost : `${lost} ${t('lost_instead', { device: instead })}`);
});
me.on('refused', ({ source, error }) => {
  // In the lobby a notice stays; cancelling the browser's own screen dialog needs no comment.
  if (source === 'screen' && error.code === 'permission_denied') return;
  if (!lobby.open) toast(t(source === 'screen' ? 'problem_screen' : `problem_${reason(error)}_${source}`));
});
window.addEventListener('popstate', () => void (call.active ? call.leave().then(open) : open()));
window.addEventListener('pageshow', (event) => event.persisted && open());
onLanguage(showTitle);
open();

/** There may be another way in: to knock, or a password. */
function openWithoutInvitation() {
  history.replaceState(null, '', location.pathname + location.search);
  open();
}

/** Shows what the address bar asks for. */
function open() {
  const route = readRoute(location);
  message.hide();
  lobby.hide();
  showTitle();
  if (typeof RTCPeerConnection === 'undefined') say({ title: 'unsupported_title', text: 'unsupported_text', apart: true });
  else if (route.page === 'not_found') say({ title: 'not_found_title', text: 'not_found_text', apart: true });
  else if (route.page === 'bad_room') say({ title: 'bad_room_title', text: 'bad_room_text', apart: true });
  else lobby.show(route.room);
}

/**
 * @param {string} name
 * @param {string} room
 * @param {string} password
 */
async function enter(name, room, password) {
  const route = readRoute(location);
  try {
    await call.join(name, room, route, { password, onWaiting: () => wait(room) });
  } catch (error) {
    return refuse(/** @type {NoomError} */ (error), room);
  }
  message.hide();
  lobby.hide();
  if (route.page === 'start') history.pushState(null, '', roomAddress(room, false));
  showTitle();
}

/**
 * In the room's lobby, until somebody inside decides.
 * @param {string} room
 */
function wait(room) {
  lobby.hide();
  say({ title: 'waiting_title', text: 'waiting_text', parameters: { room }, waiting: true, primary: { label: 'waiting_leave', run: () => void call.leave() } });
}

/** @param {NoomError | null} error */
function onEnd(error) {
  void me.release();
  const primary = { label: /** @type {const} */ ('rejoin'), run: open };
  const said = error?.said ?? '';
  if (error?.code === 'kicked' && error.retryAfterS) say({ title: 'kicked_title', text: 'kicked_until', parameters: { when: whenIn(error.retryAfterS) }, apart: true, said });
  else if (error?.code === 'kicked') say({ title: 'kicked_title', text: 'kicked_text', apart: true, said, primary });
  else if (error?.code === 'ended') say({ title: 'ended_title', text: 'ended_text', apart: true, said });
  else if (error) say({ title: 'lost_title', text: 'lost_text', parameters: { code: error.closeCode ?? error.code }, apart: true, doctor: true, primary });
  else say({ title: 'left_title', text: 'left_text', primary });
}

/**
 * @param {NoomError} error
 * @param {string} room
 */
function refuse(error, room) {
  const primary = { label: /** @type {const} */ ('try_again'), run: open };
  // Left while waiting.
  if (error.code === 'closed') return open();
  if (error.code === 'password_required' || error.code === 'wrong_password') return lobby.askPassword(error.code === 'wrong_password' ? 'password_wrong' : 'password_needed');
  lobby.hide();
  void me.release();
  const common = { parameters: { room, code: error.closeCode ?? error.code }, apart: true, primary };
  const lack = INVITATION_LACKS[error.code];
  if (lack) say({ title: 'token_title', text: lack, ...common, primary: { ...primary, run: openWithoutInvitation } });
  else if (error.code === 'room_full') say({ title: 'full_title', text: 'full_text', ...common });
  else if (error.code === 'locked') say({ title: 'locked_title', text: 'locked_text', ...common });
  else if (error.code === 'denied') say({ title: 'denied_title', text: 'denied_text', said: error.said ?? '', ...common });
  else if (error.code === 'banned') say({ title: 'kicked_title', text: error.retryAfterS ? 'banned_until' : 'banned_text', ...common, parameters: { room, when: whenIn(error.retryAfterS ?? 0) } });
  else if (error.code === 'rate_limited' || error.code === 'too_many_rooms' || error.code === 'lobby_full') say({ title: 'busy_title', text: 'busy_text', ...common });
  else if (error.code === 'unreachable' || error.code === 'timeout' || error.code === 'connection_lost')
    say({ title: 'unreachable_title', text: 'unreachable_text', doctor: true, ...common });
  else say({ title: 'lost_title', text: 'lost_text', doctor: true, ...common });
}

/** @param {MessageText} content */
function say(content) {
  message.show(content);
  showTitle();
}

function showTitle() {
  const { room } = readRoute(location);
  document.title = room ? `${room} · Noom` : `Noom · ${t('start_title')}`;
}

/**
 * The hour that a ban ends, in the words of the page.
 * @param {number} seconds
 */
function whenIn(seconds) {
  const format = new Intl.DateTimeFormat(language(), { ...(seconds > 43_200 ? { weekday: 'long' } : {}), hour: 'numeric', minute: '2-digit' });
  return format.format(Date.now() + seconds * 1000);
}

/** @param {NoomError} error */
function reason(error) {
  return error.code === 'permission_denied' ? 'permission' : error.code === 'device_missing' ? 'missing' : 'busy';
}
