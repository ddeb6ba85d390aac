// Elements by id, and new ones.

/** @param {string} id */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} in the page`);
  return found;
}

/** @template {HTMLElement} E @param {string} id @param {new () => E} type @returns {E} */
export function partOf(id, type) {
  const found = part(id);
  if (!(found instanceof type)) throw new Error(`#${id} is another element`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} [className] @param {string} [text]
 */
export function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** @param {string} className @param {() => void} onClick */
export function button(className, onClick) {
  const made = element('button', className);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

/** As say, each of them unbroken where there is room. @param {Element} of @param {(string | undefined)[]} texts empty ones are left out */
export function sayAll(of, texts) {
  const said = texts.filter(Boolean);
  if ([...of.children].map((child) => child.textContent).join('\n') === said.join('\n')) return;
  of.replaceChildren(...said.map((text) => element('span', 'fact', text)));
}

/** Not touched when it says so already: a reader is not interrupted. @param {Element} of @param {string} text */
export function say(of, text) {
  if (of.textContent !== text) of.textContent = text;
}
