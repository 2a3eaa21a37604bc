/**
 * Rows of buttons. That of the viewer: what a drag does, and what is done at once; on a phone it unfolds under the windows
 * and scrolls, on a desk it is always there, and every gesture has a button here. That of two pictures side by side. And
 * what full screen leaves of them.
 *
 * @typedef {'auto' | 'pan' | 'window' | 'lens' | import('./measures.js').Kind} Mode
 * @typedef {'auto' | import('./measures.js').Kind} PairMode
 * @typedef {import('../stage/window_level.js').Preset} Preset
 */
import { element, fillWindows, key, press } from '../stage/controls.js';
import { presetsFor } from '../stage/window_level.js';
import { made } from './overlay.js';
import { words } from './words.js';

/** @type {Mode[]} */
const MODES = ['auto', 'pan', 'window', 'lens', 'length', 'angle', 'region'];

export class Bar {
  /** @param {(mode: Mode) => void} choose @param {Array<{name: 'invert' | 'rotate' | 'mirror' | 'upend' | 'larger'
   *  | 'smaller' | 'full' | 'clear' | 'save', act: () => void, key?: string}>} actions */
  constructor(choose, actions) {
    this.place = document.createElement('div');
    this.place.className = 'tray';
    this.place.id = 'tray';
    this.place.setAttribute('role', 'toolbar');
    this.place.setAttribute('aria-label', words.tools);
    this.modes = MODES.map((mode) => modeKey(mode, () => choose(mode)));
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
    this.modes.forEach((button) => press(button, button.dataset.mode === mode));
  }

  /** @param {string} name @param {boolean} pressed */
  press(name, pressed) {
    press(this.acts[name], pressed);
  }
}

/** @type {PairMode[]} */
const PAIR_MODES = ['auto', 'length', 'angle', 'region'];

/** The preset of another series that has the same name; null where it has none. @param {string} name
 *  @param {import('../state.js').Series} series @returns {Preset | null} */
export function alike(name, series) {
  return presetsFor(series.modality, series.window).filter((one) => one.name === name)[0] || null;
}

/** The buttons of two pictures side by side: what a drag measures, and windows for both. */
export class PairTools {
  /** @param {HTMLElement} bar @param {{choose: (mode: PairMode) => void, clear: () => void, look: (preset: Preset) => void}} acts */
  constructor(bar, acts) {
    this.acts = acts;
    const modes = made(bar, 'div', 'windows');
    modes.setAttribute('role', 'group');
    modes.setAttribute('aria-label', words.measure);
    this.modes = PAIR_MODES.map((mode) => modeKey(mode, () => acts.choose(mode)));
    modes.append(...this.modes, key(words.clear, () => acts.clear()));
    this.windows = made(bar, 'div', 'windows');
    this.windows.setAttribute('role', 'group');
    this.windows.setAttribute('aria-label', words.windows);
    this.mark('auto');
  }

  /** The windows that suit a series. @param {import('../state.js').Series} series */
  offer(series) {
    const presets = presetsFor(series.modality, series.window);
    fillWindows(this.windows, presets, (preset) => { this.acts.look(preset); this.press(preset.name); });
    this.press('');
  }

  /** @param {string} name */
  press(name) {
    this.windows.querySelectorAll('button').forEach((button) => press(button, button.dataset.window === name));
  }

  /** @param {PairMode} mode */
  mark(mode) {
    this.modes.forEach((button) => press(button, button.dataset.mode === mode));
  }
}

/** @param {Mode} mode @param {() => void} act */
function modeKey(mode, act) {
  const button = key(words.modes[mode], act);
  button.dataset.mode = mode;
  button.title = words.modeTitles[mode];
  return button;
}

/** @type {any} */
const root = document.documentElement;

/** The stage alone on the screen: by the browser where it can, and always without the bars around. */
export class FullScreen {
  /** @param {(full: boolean) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.full = false;
    ['fullscreenchange', 'webkitfullscreenchange'].forEach((name) => document.addEventListener(name, () => {
      if (!inBrowser() && this.full) this.set(false); // left by the browser's own key
    }));
  }

  toggle() {
    this.set(!this.full);
    const act = this.full ? root.requestFullscreen || root.webkitRequestFullscreen
      : inBrowser() && (document.exitFullscreen || /** @type {any} */ (document).webkitExitFullscreen);
    const done = act && act.call(this.full ? root : document);
    if (done && done.catch) done.catch(() => {}); // refused by the system: the bars are gone all the same
  }

  /** @param {boolean} full */
  set(full) {
    this.full = full;
    document.body.classList.toggle('is-full', full);
    window.dispatchEvent(new Event('resize'));
    this.changed(full);
  }
}

function inBrowser() {
  return document.fullscreenElement || /** @type {any} */ (document).webkitFullscreenElement;
}
