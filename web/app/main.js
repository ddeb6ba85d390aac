// The page's way from lobby to call to goodbye, by the address bar and by what people do.

import { Call } from './call.js';
import { startControls } from './controls.js';
import { onLanguage, t } from './i18n.js';
import { Lobby } from './lobby.js';
import { Me } from './me.js';
import { MessageView } from './message_view.js';
import { toast } from './notices.js';
import { startPickers } from './pickers.js';
import { startPreferences } from './preferences.js';
import { readRoute, roomAddress } from './route.js';

/** @import { NoomError } from '../client/index.js' */
/** @import { MessageText } from './message_view.js' */

startPreferences();
const me = new Me();
const message = new MessageView();
const lobby = new Lobby(me, enter);
const call = new Call(me, onEnd);
startControls(me);
startPickers(me);
me.on('lost', ({ source }) => toast(t(source === 'screen' ? 'sharing_ended' : source === 'camera' ? 'lost_camera' : 'lost_microphone')));
me.on('refused', ({ source, error }) => {
  // In the lobby a notice stays; cancelling the browser's own screen dialog needs no comment.
  if (source === 'screen' && error.code === 'permission_denied') return;
  if (!lobby.open) toast(t(source === 'screen' ? 'problem_screen' : `problem_${reason(error)}_${source}`));
});
window.addEventListener('popstate', () => void (call.active ? call.leave().then(open) : open()));
window.addEventListener('pageshow', (event) => event.persisted && open());
onLanguage(showTitle);
open();

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
 */
async function enter(name, room) {
  const route = readRoute(location);
  try {
    await call.join(name, room, route);
  } catch (error) {
    return refuse(/** @type {NoomError} */ (error), room);
  }
  lobby.hide();
  if (route.page === 'start') history.pushState(null, '', roomAddress(room, false));
  showTitle();
}

/** @param {NoomError | null} error */
function onEnd(error) {
  void me.release();
  const primary = { label: /** @type {const} */ ('rejoin'), run: open };
  if (error) say({ title: 'lost_title', text: 'lost_text', parameters: { code: error.closeCode ?? error.code }, apart: true, primary });
  else say({ title: 'left_title', text: 'left_text', primary });
}

/**
 * @param {NoomError} error
 * @param {string} room
 */
function refuse(error, room) {
  const primary = { label: /** @type {const} */ ('try_again'), run: open };
  lobby.hide();
  void me.release();
  const common = { parameters: { room, code: error.closeCode ?? error.code }, apart: true, primary };
  if (error.code === 'room_full') say({ title: 'full_title', text: 'full_text', ...common });
  else if (error.code === 'rate_limited' || error.code === 'too_many_rooms') say({ title: 'busy_title', text: 'busy_text', ...common });
  else if (error.code === 'unreachable' || error.code === 'timeout' || error.code === 'connection_lost')
    say({ title: 'unreachable_title', text: 'unreachable_text', ...common });
  else say({ title: 'lost_title', text: 'lost_text', ...common });
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

/** @param {NoomError} error */
function reason(error) {
  return error.code === 'permission_denied' ? 'permission' : error.code === 'device_missing' ? 'missing' : 'busy';
}
