// Above the rooms: figures, nodes, and what is missing from the list.

/** @import { Node, Rooms, Usage } from './api.js' */

import { element, part } from './dom.js';
import { bytesOf, countOf, word } from './words.js';

/** @param {string} name @param {string} value @param {string} note */
function figure(name, value, note) {
  const made = element('div', 'figure card');
  const amount = element('dd', '', value);
  amount.append(element('span', 'soft note', note));
  made.append(element('dt', '', name), amount);
  return made;
}

/** @param {Usage} usage of this node @param {Node[]} nodes */
export function showFigures(usage, nodes) {
  const total = (/** @type {'sessions' | 'rooms' | 'members'} */ key) => (nodes.length > 0 ? nodes.reduce((sum, node) => sum + node[key], 0) : usage[key]);
  part('figures').replaceChildren(
    figure(word('sessions'), countOf(total('sessions')), word('sessions_note', { count: countOf(usage.sessions_away) })),
    figure(word('rooms'), countOf(total('rooms')), nodes.length > 1 ? word('rooms_note_nodes', { count: nodes.length }) : word('rooms_note')),
    figure(word('members'), countOf(total('members')), word('members_note', { count: countOf(usage.waiting) })),
    figure(word('sent'), bytesOf(usage.bytes_sent), word('sent_note', { count: countOf(usage.messages_sent) })),
  );
}

/** @param {Node[]} nodes */
export function showNodes(nodes) {
  part('nodes').hidden = nodes.length === 0;
  const shown = nodes.map((node) => {
    const made = element('li', 'node card');
    const name = element('p', 'node-name', node.name);
    if (node.self) name.append(element('span', 'badge', word('node_self')));
    if (node.draining) name.append(element('span', 'badge warn', word('node_draining')));
    made.append(name, element('p', 'soft', word('node_about', { rooms: countOf(node.rooms), members: countOf(node.members) })));
    return made;
  });
  part('node-list').replaceChildren(...shown);
}

/** @param {Rooms} rooms */
export function showMissing({ cutOff, unavailable }) {
  const notice = part('notice');
  notice.hidden = !cutOff && unavailable.length === 0;
  if (!notice.hidden) notice.textContent = cutOff ? word('cut_off') : word('node_silent', { node: unavailable.join(', ') });
}
