// What others decide about this person: requests to be silent, a role. The page obeys, and says so.

import { t } from './i18n.js';
import { toast } from './notices.js';
import { ROLES, nameOf } from './part.js';

/** @import { Peer, Room } from '../client/index.js' */
/** @import { Me } from './me.js' */

export class OwnRole {
  #me;
  #role = '';

  /** @param {Me} me */
  constructor(me) {
    this.#me = me;
  }

  /** @param {Room} room */
  open(room) {
    this.#role = '';
    room.moderation.on('muterequested', ({ from, media }) => void this.#obey(from, media));
    room.moderation.on('role', (role) => void this.#take(role));
    // The role one comes in with is no news.
    room.on('state', ({ state }) => state === 'joined' && (this.#role ||= room.moderation.role));
  }

  add() {}
  remove() {}

  close() {
    void this.#me.watch(false);
  }

  /** @param {string} role */
  async #take(role) {
    const known = ROLES[role];
    if (this.#role && role !== this.#role && known) toast(t('role_now', { role: t(known) }));
    if (this.#role) this.#role = role;
    await this.#me.watch(role === 'viewer');
  }

  /**
   * @param {Peer | undefined} from
   * @param {'audio' | 'video' | 'screen'} media
   */
  async #obey(from, media) {
    const name = nameOf(from ?? { name: '' });
    if (media === 'audio' && this.#me.microphoneOn) await this.#me.toggleMicrophone();
    else if (media === 'video' && this.#me.cameraOn) await this.#me.toggleCamera();
    else if (media === 'screen' && this.#me.sharing) await this.#me.toggleScreen();
    toast(t(media === 'audio' ? 'muted_by' : media === 'video' ? 'camera_off_by' : 'screen_off_by', { name }));
  }
}
