// What stands beside the stage: one panel at a time. Its markup names itself (data-panel), what opens it (data-toggles) and what closes it (data-closes).

import { Emitter } from '../client/index.js';
import { find } from './dom.js';

/** @typedef {'chat' | 'people' | 'quality' | 'game'} PanelName */

/** @extends {Emitter<{change: PanelName | null}>} */
export class Panels extends Emitter {
  /** @type {PanelName | null} */
  #open = null;

  constructor() {
    super();
    document.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : null;
      const name = /** @type {PanelName | undefined} */ (button?.dataset.toggles);
      if (name) this.show(this.#open === name ? null : name);
      else if (button?.hasAttribute('data-closes')) this.show(null);
    });
    for (const panel of panels())
      panel.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && !event.isComposing) this.show(null);
      });
  }

  get open() {
    return this.#open;
  }

  /** @param {PanelName | null} name */
  show(name) {
    const former = this.#open;
    if (former === name) return;
    const hadFocus = panels().some((panel) => panel.contains(document.activeElement));
    this.#open = name;
    for (const panel of panels()) panel.hidden = panel.dataset.panel !== name;
    for (const toggle of toggles()) if (toggle.hasAttribute('aria-expanded')) toggle.ariaExpanded = String(toggle.dataset.toggles === name);
    this.emit('change', name);
    if (name) find(document, `[data-panel="${name}"] [data-first]`, HTMLElement).focus();
    else if (hadFocus) (toggles().find((toggle) => toggle.dataset.toggles === former && toggle.checkVisibility()) ?? document.getElementById('more'))?.focus();
  }
}

function panels() {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-panel]')]);
}

function toggles() {
  return /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll('button[data-toggles]')]);
}
