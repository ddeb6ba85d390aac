// A call: joins the room, keeps the stage and the banners true to it, and ends it. What else belongs to a call is in its parts (part.js).

import { Room } from '../client/index.js';
import { CHAT_CHANNEL, Chat } from './chat.js';
import { CHANNELS } from './channels.js';
import { Connection } from './connection.js';
import { byId } from './dom.js';
import { Game } from './game.js';
import { onLanguage, t, tCount } from './i18n.js';
import { Invitation } from './invitation.js';
import { MESH_PEOPLE_EASY, Mesh } from './mesh.js';
import { announce, toast } from './notices.js';
import { Panels } from './panels.js';
import { OwnRole } from './own_role.js';
import { nameOf } from './part.js';
import { People } from './people.js';
import { QualityWatch } from './quality.js';
import { filterIceServers, roomLink } from './route.js';
import { startRoomMenu } from './room_menu.js';
import { RoomRules } from './room_rules.js';
import { settings } from './settings.js';
import { Speaking } from './speaking.js';
import { Stage } from './stage.js';
import { TileMenu } from './tile_menu.js';
import { Transfers } from './transfers.js';
import { WakeLock } from './wake_lock.js';

/** @import { NoomError, Peer } from '../client/index.js' */
/** @import { Me } from './me.js' */
/** @import { Part } from './part.js' */
/** @import { Route } from './route.js' */
/** @import { Tile } from './tile.js' */

export class Call {
  #me;
  #onEnd;
  #stage = new Stage();
  #panels = new Panels();
  #chat = new Chat(this.#panels, (message) => this.#room?.broadcast(CHAT_CHANNEL, message));
  #mesh;
  #invitation = new Invitation();
  /** @type {Part[]} */
  #parts;
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, Tile>} */
  #tiles = new Map();
  #hand = false;
  #meshDismissed = false;
  #shownMe = '';

  /**
   * @param {Me} me
   * @param {(error: NoomError | null) => void} onEnd null when this person left
   */
  constructor(me, onEnd) {
    this.#me = me;
    this.#onEnd = onEnd;
    const game = new Game(this.#panels);
    this.#mesh = new Mesh(me);
    const menu = new TileMenu(this.#stage, this.#panels, (peer) => game.invite(peer));
    this.#parts = [
      new Connection(), new OwnRole(me), new Speaking(me, this.#stage), new QualityWatch(this.#panels), new People(this.#panels, (peer, button) => menu.openFor(peer, button)),
      new RoomRules(), this.#invitation, new Transfers(this.#chat), game, this.#mesh, menu, new WakeLock(),
    ];
    byId('leave', HTMLButtonElement).addEventListener('click', () => void this.leave());
    byId('mesh-dismiss', HTMLButtonElement).addEventListener('click', () => {
      this.#meshDismissed = true;
      this.#showPeople();
    });
    byId('sound-allow', HTMLButtonElement).addEventListener('click', () => {
      byId('sound-blocked', HTMLElement).hidden = true;
      this.#stage.eachVideo((video) => void this.#play(video));
    });
    startRoomMenu(this.#stage, { raiseHand: () => this.#raiseHand(!this.#hand) });
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
   * @param {{password: string, onWaiting: () => void}} door
   */
  async join(name, roomName, route, { password, onWaiting }) {
    const room = new Room({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
      name,
      password,
      token: route.token,
      metadata: this.#metadata(),
      channels: CHANNELS,
      rtc: route.relayOnly ? { iceTransportPolicy: 'relay' } : {},
      iceServers: (servers) => filterIceServers(servers, route.transport),
    });
    this.#sendTracks(room);
    room.on('peerjoined', (peer) => this.#onPeer(peer));
    room.on('peerleft', ({ peer }) => this.#onPeerLeft(peer));
    room.on('state', ({ state }) => state === 'waiting' && onWaiting());
    room.on('closed', (error) => this.#end(error));
    room.moderation.on('role', () => this.#showMe());
    this.#room = room;
    for (const part of this.#parts) part.open(room);
    try {
      await room.join(roomName);
    } catch (error) {
      this.#end(null, true);
      throw error;
    }
    this.#open(roomName, route);
  }

  /**
   * @param {string} roomName
   * @param {Route} route
   */
  showInvitation(roomName, route) {
    this.#invitation.set(roomLink(roomName, route.byQuery));
    this.#invitation.show();
  }

  async leave() {
    const room = this.#room;
    // In the lobby `join` is pending still, and tells.
    if (this.#opened) this.#end(null);
    await room?.leave();
  }

  /**
   * @param {string} roomName
   * @param {Route} route
   */
  #open(roomName, route) {
    this.#invitation.set(roomLink(roomName, route.byQuery));
    for (const id of ['call', 'top-room', 'invite-open']) byId(id, HTMLElement).hidden = false;
    byId('room-title', HTMLElement).textContent = roomName;
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
    for (const part of this.#parts) part.close();
    this.#tiles.clear();
    this.#stage.close();
    this.#panels.show(null);
    this.#chat.clear();
    this.#meshDismissed = this.#hand = false;
    this.#shownMe = '';
    for (const id of ['call', 'top-room', 'invite-open', 'mesh-warning', 'sound-blocked']) byId(id, HTMLElement).hidden = true;
    for (const menu of document.querySelectorAll('.menu:popover-open')) /** @type {HTMLElement} */ (menu).hidePopover();
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    document.body.classList.remove('in-call');
    document.querySelector('.brand')?.removeAttribute('inert');
    if (!silently) this.#onEnd(error);
  }

  /** @param {Peer} peer */
  #onPeer(peer) {
    const tile = this.#stage.add();
    this.#tiles.set(peer, tile);
    const show = () => this.#showPeer(peer, tile);
    for (const event of /** @type {const} */ (['state', 'flowing', 'update'])) peer.on(event, show);
    peer.on('stream', (stream) => {
      tile.setStream(stream);
      void this.#play(tile.video);
    });
    peer.on('data', ({ label, data }) => label === CHAT_CHANNEL && this.#chat.receive(peer, nameOf(peer), data));
    tile.setStream(peer.stream);
    show();
    for (const part of this.#parts) part.add(peer, tile);
    this.#showPeople();
    if (this.#room?.state === 'joined' && this.#opened) toast(t('peer_joined', { name: nameOf(peer) }));
  }

  /**
   * @param {Peer} peer
   * @param {Tile} tile
   */
  #showPeer(peer, tile) {
    if (peer.state === 'closed' || !this.#tiles.has(peer)) return;
    const { microphone, camera, screen, hand } = peer.metadata;
    const { screen: wasScreen, hand: wasUp } = tile.look;
    const state = peer.state === 'away' && peer.flowing ? 'unsteady' : peer.state;
    // Viewers cannot change what is said of them: only their role tells.
    const watches = peer.role === 'viewer';
    tile.show({
      name: peer.name, self: false, microphone: microphone !== false && !watches, camera: camera !== false && !watches, screen: screen === true && !watches, hand: hand === true && !watches,
      mirrored: false, state,
    });
    if (wasScreen !== tile.screen) this.#stage.arrange();
    if (tile.look.hand && !wasUp) toast(t('hand_raised', { name: nameOf(peer) }));
  }

  /** @param {Peer} peer */
  #onPeerLeft(peer) {
    const tile = this.#tiles.get(peer);
    this.#tiles.delete(peer);
    // When the whole room closes, #end puts everything away at once.
    if (!tile || !this.#room || this.#room.state === 'closed') return;
    for (const part of this.#parts) part.remove(peer);
    this.#stage.remove(tile);
    this.#showPeople();
    toast(t('peer_left', { name: nameOf(peer) }));
  }

  get #opened() {
    return !byId('call', HTMLElement).hidden;
  }

  #metadata() {
    return { microphone: this.#me.microphoneOn, camera: this.#me.cameraOn, screen: this.#me.sharing, hand: this.#hand };
  }

  /** @param {Room} room */
  #sendTracks(room) {
    room.setTrack('audio', this.#me.media.microphone);
    room.setTrack('video', this.#me.videoTrack);
  }

  /** @param {boolean} up */
  #raiseHand(up) {
    this.#hand = up && !this.#me.watching;
    this.#showMe();
    announce(t(up ? 'hand_is_up' : 'hand_is_down'));
  }

  #showMe() {
    const room = this.#room;
    if (!room) return;
    this.#sendTracks(room);
    this.#mesh.refresh();
    const { self } = this.#stage;
    const wasScreen = self.screen;
    const metadata = this.#metadata();
    self.show({ ...metadata, name: room.name, self: true, mirrored: this.#me.mirrored, state: 'me' });
    self.setStream(this.#me.preview);
    const hand = byId('hand', HTMLButtonElement);
    hand.ariaPressed = String(this.#hand);
    hand.disabled = this.#me.watching;
    if (wasScreen !== self.screen) this.#stage.arrange();
    this.#stage.eachVideo((video) => setSpeaker(video));
    if (this.#shownMe === JSON.stringify(metadata)) return;
    this.#shownMe = JSON.stringify(metadata);
    // A refused update is repeated by the next one, or by the next join.
    room.update({ metadata }).catch(() => (this.#shownMe = ''));
  }

  #showPeople() {
    if (!this.#room) return;
    const people = this.#tiles.size + 1;
    byId('people-count', HTMLElement).textContent = tCount('people_one', 'people_many', people);
    byId('mesh-warning', HTMLElement).hidden = people <= MESH_PEOPLE_EASY || this.#meshDismissed;
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
}

/** @param {HTMLVideoElement} video */
function setSpeaker(video) {
  if ('setSinkId' in video && video.sinkId !== settings.speaker) video.setSinkId(settings.speaker).catch(() => {});
}
