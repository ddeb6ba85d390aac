// A game for two while one talks: who invites is its host and moves the ball, the guest sends its paddle. Over an unordered channel without
// retransmissions: what is late is of no use, so everything is said again until it is answered.

import { GAME_CHANNEL } from './channels.js';
import { byId } from './dom.js';
import { readGameMessage } from './game_messages.js';
import { GameView } from './game_view.js';
import { setText, t } from './i18n.js';
import { announce } from './notices.js';
import { nameOf } from './part.js';
import { FIELD, clampPaddle, isOver, newPong, step } from './pong.js';

/** @import { Peer } from '../client/index.js' */
/** @import { GameMessage, Move, State } from './game_messages.js' */
/** @import { Key } from './i18n.js' */
/** @import { Panels } from './panels.js' */
/** @import { Pong } from './pong.js' */

const TICK_MS = 33;
const INVITE_EVERY_MS = 500;
const INVITED_MS = 30_000;
const SILENCE_MS = 6_000;
const ENDS_SAID = 3;

/**
 * @typedef {object} Match
 * @property {Peer} peer
 * @property {string} id
 * @property {'inviting' | 'invited' | 'playing' | 'over'} state
 * @property {boolean} host
 * @property {Pong} pong
 * @property {number} sent       number of the last message
 * @property {number} heard      number of the latest one heard
 * @property {number} heardAt
 * @property {number} since
 * @property {number} saidAt
 */

export class Game {
  #panels;
  #view;
  /** @type {Map<Peer, () => void>} */
  #peers = new Map();
  /** @type {Match | null} */
  #match = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {string} the last invitation that was declined or ended: its repetitions are not another one */
  #done = '';

  /** @param {Panels} panels */
  constructor(panels) {
    this.#panels = panels;
    this.#view = new GameView((x) => this.#move(x));
    byId('game-accept', HTMLButtonElement).addEventListener('click', () => this.#accept());
    byId('game-decline', HTMLButtonElement).addEventListener('click', () => this.#stop('no', null));
    byId('game-again', HTMLButtonElement).addEventListener('click', () => this.#match && this.invite(this.#match.peer));
    panels.on('change', (open) => open !== 'game' && this.#stop(this.#match?.state === 'invited' ? 'no' : 'end', null));
  }

  open() {}

  /** @param {Peer} peer */
  add(peer) {
    this.#peers.set(peer, peer.on('data', ({ label, data }) => label === GAME_CHANNEL && this.#receive(peer, readGameMessage(data))));
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#peers.get(peer)?.();
    this.#peers.delete(peer);
    if (this.#match?.peer === peer) this.#stop(null, 'game_gone');
  }

  close() {
    this.#stop(null, null);
    for (const stop of this.#peers.values()) stop();
    this.#peers.clear();
  }

  /** @param {Peer} peer */
  invite(peer) {
    this.#stop('end', null);
    const id = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#begin(peer, id, true);
    this.#say('game_inviting');
    this.#panels.show('game');
  }

  #accept() {
    const match = this.#match;
    if (match?.state !== 'invited') return;
    this.#word('accept');
    this.#play();
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   * @param {boolean} host
   */
  #begin(peer, id, host) {
    const now = Date.now();
    this.#match = { peer, id, host, state: host ? 'inviting' : 'invited', pong: newPong(), sent: 0, heard: -1, heardAt: now, since: now, saidAt: 0 };
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#view.show(this.#match.pong, host);
    this.#refresh();
  }

  #play() {
    const match = this.#match;
    if (!match) return;
    match.state = 'playing';
    match.heardAt = Date.now();
    this.#refresh();
    this.#say('game_playing');
    this.#view.focus();
  }

  #tick() {
    const match = this.#match;
    if (!match) return;
    const now = Date.now();
    if (match.state === 'inviting' || match.state === 'invited') {
      if (now - match.since > INVITED_MS) return this.#stop(null, match.host ? 'game_no_answer' : null);
      if (match.host && now - match.saidAt > INVITE_EVERY_MS) this.#word('invite');
    } else if (match.state === 'playing') {
      if (now - match.heardAt > SILENCE_MS) return this.#stop('end', 'game_gone');
      if (match.host) match.pong = step(match.pong, TICK_MS / 1000, Math.random());
      this.#tell();
      if (isOver(match.pong)) this.#finish();
    } else if (match.host && now - match.heardAt < SILENCE_MS) {
      // The last state is said on for a while, in case it was lost.
      this.#tell();
    } else {
      clearInterval(this.#timer);
    }
    // In every state: the colours may be others by now.
    this.#view.show(match.pong, match.host);
  }

  #tell() {
    const match = /** @type {Match} */ (this.#match);
    const { pong, id: g, host } = match;
    const n = (match.sent += 1);
    const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
    this.#send(host ? { k: 'state', g, n, b: [round(pong.x), round(pong.y)], p: [round(pong.host), round(pong.guest)], s: pong.score } : { k: 'move', g, n, x: round(pong.guest) });
  }

  /**
   * @param {Peer} peer
   * @param {GameMessage | null} message
   */
  #receive(peer, message) {
    if (!message) return;
    const match = this.#match;
    if (message.k === 'invite') return this.#onInvite(peer, message.g);
    if (!match || match.peer !== peer || match.id !== message.g) return;
    if (message.k !== 'move' && message.k !== 'state') return this.#onWord(match, message.k);
    if ((message.k === 'move') === match.host) this.#onPlay(match, message);
  }

  /**
   * @param {Match} match
   * @param {'accept' | 'no' | 'end'} word
   */
  #onWord({ state, host }, word) {
    if (word === 'accept' && host && state === 'inviting') this.#play();
    else if (word === 'no' && state === 'inviting') this.#stop(null, 'game_declined');
    else if (word === 'end' && state !== 'over') this.#stop(null, state === 'invited' ? null : 'game_gone');
  }

  /**
   * @param {Match} match
   * @param {Move | State} message
   */
  #onPlay(match, message) {
    // A move says that the accept was lost on the way, too.
    if (match.state === 'inviting') this.#play();
    if (message.n <= match.heard || match.state === 'invited') return;
    match.heard = message.n;
    match.heardAt = Date.now();
    if (message.k === 'move') match.pong.guest = clampPaddle(message.x);
    else this.#follow(message);
  }

  /** @param {State} state */
  #follow({ b: [x, y], p: [host], s: score }) {
    const match = /** @type {Match} */ (this.#match);
    match.pong = { ...match.pong, x, y, host, score };
    if (match.state === 'playing' && isOver(match.pong)) this.#finish();
  }

  /**
   * @param {Peer} peer
   * @param {string} id
   */
  #onInvite(peer, id) {
    if (id === this.#done || this.#match?.id === id) return;
    // One game at a time.
    if (this.#match && this.#match.state !== 'over') return void peer.send(GAME_CHANNEL, JSON.stringify({ k: 'no', g: id }));
    this.#begin(peer, id, false);
    this.#say('game_invited');
    announce(t('game_invited', { name: nameOf(peer) }));
    this.#panels.show('game');
  }

  /** @param {number} x of one's own paddle, as one sees it */
  #move(x) {
    const match = this.#match;
    if (match?.state !== 'playing') return;
    if (match.host) match.pong.host = clampPaddle(x);
    else match.pong.guest = clampPaddle(FIELD.width - x);
    this.#view.show(match.pong, match.host);
  }

  #finish() {
    const match = /** @type {Match} */ (this.#match);
    match.state = 'over';
    match.heardAt = Date.now();
    this.#view.show(match.pong, match.host);
    const [host, guest] = match.pong.score;
    const won = host > guest === match.host;
    this.#refresh();
    this.#say(won ? 'game_won' : 'game_lost');
    announce(t(won ? 'game_won' : 'game_lost', { name: nameOf(match.peer) }));
  }

  /**
   * @param {'no' | 'end' | null} word to tell the other
   * @param {Key | null} told to this side; null: nothing, and the panel closes
   */
  #stop(word, told) {
    const match = this.#match;
    if (!match) return;
    clearInterval(this.#timer);
    if (word && match.state !== 'over') for (let said = 0; said < ENDS_SAID; said++) this.#word(word);
    this.#done = match.id;
    if (told) {
      match.state = 'over';
      this.#say(told);
      this.#refresh();
      return;
    }
    this.#match = null;
    if (this.#panels.open === 'game') this.#panels.show(null);
  }

  /** @param {'invite' | 'accept' | 'no' | 'end'} k */
  #word(k) {
    const match = /** @type {Match} */ (this.#match);
    match.saidAt = Date.now();
    this.#send({ k, g: match.id });
  }

  /** @param {GameMessage} message */
  #send(message) {
    const channel = this.#match?.peer.channel(GAME_CHANNEL);
    if (channel?.isOpen) channel.send(JSON.stringify(message));
  }

  /** @param {Key} key */
  #say(key) {
    setText(byId('game-status', HTMLElement), key, { name: this.#match ? nameOf(this.#match.peer) : '' });
  }

  #refresh() {
    const { state } = this.#match ?? {};
    byId('game-accept', HTMLElement).hidden = byId('game-decline', HTMLElement).hidden = state !== 'invited';
    byId('game-again', HTMLElement).hidden = state !== 'over' || this.#match?.peer.state === 'closed';
    if (state === 'invited') byId('game-accept', HTMLElement).focus();
  }
}
