/**
 * The row of tools: what a drag does, and what is done at once. On a phone it unfolds under the windows and scrolls, on
 * a desk it is always there. Every gesture has a button here.
 *
 * @typedef {'auto' | 'pan' | 'window' | import('./measures.js').Kind} Mode
 */
import { element, key } from '../stage/controls.js';
import { words } from './words.js';

/** @type {Mode[]} */
const MODES = ['auto', 'pan', 'window', 'length', 'angle', 'region'];

export class Bar {
  /** @param {(mode: Mode) => void} choose @param {Array<{name: 'invert' | 'rotate' | 'mirror' | 'upend' | 'larger'
   *  | 'smaller' | 'full' | 'clear' | 'save', act: () => void, key?: string}>} actions */
  constructor(choose, actions) {
    this.place = document.createElement('div');
    this.place.className = 'tray';
    this.place.id = 'tray';
    this.place.setAttribute('role', 'toolbar');
    this.place.setAttribute('aria-label', words.tools);
    this.modes = MODES.map((mode) => {
      const button = key(words.modes[mode], () => choose(mode));
      button.dataset.mode = mode;
      button.title = words.modeTitles[mode];
      return button;
    });
    /** @type {{[name: string]: HTMLButtonElement}} */
    this.acts = {};
    actions.forEach(({ name, act, key: letter }) => {
      this.acts[name] = key(words[name], act);
      if (letter) this.acts[name].title = `${words[name]} ${letter}`;
    });
    this.place.append(...this.modes, ...Object.keys(this.acts).map((name) => this.acts[name]));
    this.unfold = key(words.tools, () => this.toggle());
    this.unfold.id = 'tools-open';
    this.unfold.setAttribute('aria-controls', 'tray');
    const controls = element('controls', HTMLElement);
    const row = /** @type {HTMLElement} */ (controls.querySelector('.tools'));
    row.insertBefore(this.unfold, row.firstChild);
    row.insertAdjacentElement('afterend', this.place);
    this.toggle(false);
    this.mark('auto');
  }

  /** @param {boolean} [open] */
  toggle(open = !this.place.classList.contains('tray--open')) {
    this.place.classList.toggle('tray--open', open);
    this.unfold.setAttribute('aria-expanded', String(open));
    window.dispatchEvent(new Event('resize')); // the stage has another size now
  }

  /** What opens another page of the viewer stands first. @param {HTMLElement[]} buttons */
  add(buttons) {
    buttons.reverse().forEach((button) => this.place.insertBefore(button, this.place.firstChild));
  }

  /** @param {Mode} mode */
  mark(mode) {
    this.modes.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.mode === mode)));
  }

  /** @param {string} name @param {boolean} pressed */
  press(name, pressed) {
    this.acts[name].setAttribute('aria-pressed', String(pressed));
  }
}
