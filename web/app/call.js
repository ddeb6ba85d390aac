// A call: joins the room, keeps the stage, the chat and the banners true to it, and ends it.

import { Room } from '../client/index.js';
import { CHAT_CHANNEL, Chat } from './chat.js';
import { byId } from './dom.js';
import { onLanguage, t, tCount } from './i18n.js';
import { announce, toast } from './notices.js';
import { filterIceServers, roomLink } from './route.js';
import { settings } from './settings.js';
import { Stage } from './stage.js';

/** @import { NoomError, Peer } from '../client/index.js' */
/** @import { Me } from './me.js' */
/** @import { Route } from './route.js' */
/** @import { Tile } from './tile.js' */

// From five people on, a mesh asks much of everybody's uplink.
const MESH_PEOPLE_EASY = 4;

export class Call {
  #me;
  #onEnd;
  #stage = new Stage();
  #chat = new Chat((message) => this.#room?.broadcast(CHAT_CHANNEL, message));
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, Tile>} */
  #tiles = new Map();
  #link = '';
  #meshDismissed = false;
  #wasReconnecting = false;

  /**
   * @param {Me} me
   * @param {(error: NoomError | null) => void} onEnd null when this person left
   */
  constructor(me, onEnd) {
    this.#me = me;
    this.#onEnd = onEnd;
    byId('leave', HTMLButtonElement).addEventListener('click', () => void this.leave());
    for (const id of ['copy-link', 'invite-copy']) byId(id, HTMLButtonElement).addEventListener('click', () => void this.#copyLink());
    byId('mesh-dismiss', HTMLButtonElement).addEventListener('click', () => {
      this.#meshDismissed = true;
      this.#showPeople();
    });
    byId('sound-allow', HTMLButtonElement).addEventListener('click', () => {
      byId('sound-blocked', HTMLElement).hidden = true;
      this.#stage.eachVideo((video) => void this.#play(video));
    });
    me.on('change', () => this.#showMe());
    onLanguage(() => this.#showPeople());
    // Nobody should see a person who has closed the page; `bye` and the closed connections say so at once.
    window.addEventListener('pagehide', () => {
      this.#room?.close();
      this.#end(null);
    });
  }

  get active() {
    return this.#room !== null;
  }

  /**
   * @param {string} name
   * @param {string} roomName
   * @param {Route} route
   */
  async join(name, roomName, route) {
    const room = new Room({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
      name,
      metadata: this.#metadata(),
      rtc: route.relayOnly ? { iceTransportPolicy: 'relay' } : {},
      iceServers: (servers) => filterIceServers(servers, route.transport),
    });
    this.#sendTracks(room);
    room.on('peerjoined', (peer) => this.#onPeer(peer));
    room.on('peerleft', ({ peer }) => this.#onPeerLeft(peer));
    room.on('state', ({ state }) => this.#showConnection(state === 'reconnecting'));
    room.on('closed', (error) => this.#end(error));
    this.#room = room;
    try {
      await room.join(roomName);
    } catch (error) {
      this.#end(null, true);
      throw error;
    }
    this.#open(roomName, route);
  }

  async leave() {
    const room = this.#room;
    this.#end(null);
    await room?.leave();
  }

  /**
   * @param {string} roomName
   * @param {Route} route
   */
  #open(roomName, route) {
    this.#link = roomLink(roomName, route.byQuery);
    byId('call', HTMLElement).hidden = false;
    byId('top-room', HTMLElement).hidden = false;
    byId('copy-link', HTMLElement).hidden = false;
    byId('room-title', HTMLElement).textContent = roomName;
    byId('invite-link', HTMLElement).textContent = this.#link;
    document.body.classList.add('in-call');
    document.querySelector('.brand')?.setAttribute('inert', '');
    this.#stage.open();
    this.#showMe();
    this.#showPeople();
    byId('room-title', HTMLElement).focus();
    announce(t('joined_call', { room: roomName }));
  }

  /**
   * @param {NoomError | null} error
   * @param {boolean} [silently]
   */
  #end(error, silently = false) {
    if (!this.#room) return;
    this.#room = null;
    this.#tiles.clear();
    this.#stage.close();
    this.#chat.clear();
    this.#meshDismissed = this.#wasReconnecting = false;
    for (const id of ['call', 'top-room', 'copy-link', 'reconnecting', 'mesh-warning', 'sound-blocked']) byId(id, HTMLElement).hidden = true;
    for (const menu of document.querySelectorAll('.menu:popover-open')) /** @type {HTMLElement} */ (menu).hidePopover();
    document.body.classList.remove('in-call');
    document.querySelector('.brand')?.removeAttribute('inert');
    if (!silently) this.#onEnd(error);
  }

  /** @param {Peer} peer */
  #onPeer(peer) {
    const tile = this.#stage.add();
    this.#tiles.set(peer, tile);
    const show = () => {
      if (peer.state === 'closed') return;
      const { microphone, camera, screen } = peer.metadata;
      const wasScreen = tile.screen;
      tile.show({ name: peer.name, self: false, microphone: microphone !== false, camera: camera !== false, screen: screen === true, mirrored: false, state: peer.state === 'away' && peer.flowing ? 'unsteady' : peer.state });
      if (wasScreen !== tile.screen) this.#stage.arrange();
    };
    peer.on('state', show);
    peer.on('flowing', show);
    peer.on('update', show);
    peer.on('stream', (stream) => {
      tile.setStream(stream);
      void this.#play(tile.video);
    });
    peer.on('data', ({ label, data }) => label === CHAT_CHANNEL && this.#chat.receive(peer, peer.name, data));
    tile.setStream(peer.stream);
    show();
    this.#showPeople();
    if (this.#room?.state === 'joined' && this.#opened) toast(t('peer_joined', { name: peer.name.trim() || t('someone') }));
  }

  /** @param {Peer} peer */
  #onPeerLeft(peer) {
    const tile = this.#tiles.get(peer);
    this.#tiles.delete(peer);
    if (!tile || !this.#room) return;
    this.#stage.remove(tile);
    this.#showPeople();
    toast(t('peer_left', { name: peer.name.trim() || t('someone') }));
  }

  get #opened() {
    return !byId('call', HTMLElement).hidden;
  }

  #metadata() {
    return { microphone: this.#me.microphoneOn, camera: this.#me.cameraOn, screen: this.#me.sharing };
  }

  /** @param {Room} room */
  #sendTracks(room) {
    room.setTrack('audio', this.#me.media.microphone);
    room.setTrack('video', this.#me.videoTrack);
  }

  #showMe() {
    const room = this.#room;
    if (!room) return;
    this.#sendTracks(room);
    const { self } = this.#stage;
    const wasScreen = self.screen;
    const look = { ...this.#metadata(), microphone: this.#me.microphoneOn, camera: this.#me.cameraOn, screen: this.#me.sharing };
    self.show({ ...look, name: room.name, self: true, mirrored: this.#me.mirrored, state: 'me' });
    self.setStream(this.#me.preview);
    if (wasScreen !== self.screen) this.#stage.arrange();
    this.#stage.eachVideo((video) => setSpeaker(video));
    // A refused update is repeated by the next one, or by the next join.
    room.update({ metadata: this.#metadata() }).catch(() => {});
  }

  #showPeople() {
    if (!this.#room) return;
    const people = this.#tiles.size + 1;
    const count = byId('people-count', HTMLElement);
    count.textContent = tCount('people_one', 'people_many', people);
    byId('mesh-warning', HTMLElement).hidden = people <= MESH_PEOPLE_EASY || this.#meshDismissed;
  }

  /** @param {boolean} reconnecting */
  #showConnection(reconnecting) {
    byId('reconnecting', HTMLElement).hidden = !reconnecting;
    if (this.#wasReconnecting && !reconnecting && this.#room?.state === 'joined') announce(t('reconnected'));
    this.#wasReconnecting = reconnecting;
  }

  /** @param {HTMLVideoElement} video */
  async #play(video) {
    setSpeaker(video);
    try {
      await video.play();
    } catch (error) {
      // AbortError: the stream was replaced meanwhile, and the next play() is on its way.
      if (error instanceof DOMException && error.name === 'NotAllowedError') byId('sound-blocked', HTMLElement).hidden = false;
    }
  }

  async #copyLink() {
    try {
      await navigator.clipboard.writeText(this.#link);
      toast(t('link_copied'));
    } catch {
      toast(t('link_not_copied', { link: this.#link }));
    }
  }
}

/** @param {HTMLVideoElement} video */
function setSpeaker(video) {
  if ('setSinkId' in video && video.sinkId !== settings.speaker) video.setSinkId(settings.speaker).catch(() => {});
}
