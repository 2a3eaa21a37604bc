/**
 * What lies over two pictures side by side: the layers of this exam, each on and off by a button, and the line where the
 * slice of the other series cuts this one. Measures and scales are the panels' own.
 *
 * @typedef {import('./layers.js').Layer} Layer
 * @typedef {import('./panel.js').Panel} Panel
 * @typedef {{api: import('../loading/api.js').Api, panels: () => Panel[], scroll: (panel: Panel, k: number) => void,
 *            tell: (hint: string) => void}} PairOf  api: of this exam; a prior has another one
 */
import { key, press } from '../stage/controls.js';
import { nearest } from './layers.js';
import { drawLine, made } from './overlay.js';
import { crossing } from './pairing.js';
import { words } from './words.js';

export class OverPair {
  /** @param {HTMLElement} bar @param {import('./layers.js').Layers} layers @param {PairOf} pair */
  constructor(bar, layers, pair) {
    this.layers = layers;
    this.pair = pair;
    this.keys = made(bar, 'div', 'windows');
    this.keys.setAttribute('role', 'group');
    this.keys.setAttribute('aria-label', words.layers);
  }

  /** The panels of this exam, over which layers can lie. */
  own() {
    return this.pair.panels().filter((panel) => panel.api === this.pair.api);
  }

  /** Layers of the series in view have a button. */
  offer() {
    const lies = (/** @type {Layer} */ layer) =>
      this.own().some((panel) => nearest(layer, panel.state.view.series.n, 1) !== null);
    const offered = this.layers.all.filter(({ layer }) => lies(layer));
    this.keys.textContent = '';
    this.keys.append(...offered.map(({ layer, button }) => {
      const own = key(button.textContent || '', () => this.turn(layer, own));
      press(own, this.layers.on.has(layer));
      return own;
    }));
    this.keys.hidden = offered.length === 0;
    this.tell();
  }

  /** Where the layer is over neither slice in view, the first panel that has it goes to where it is.
   *  @param {Layer} layer @param {HTMLButtonElement} button */
  turn(layer, button) {
    const on = this.layers.turn(layer);
    press(button, on);
    this.tell();
    const found = this.own().map((panel) => ({ panel, near: nearest(layer, panel.state.view.series.n, panel.state.view.k) }));
    if (!on || found.some(({ panel, near }) => near === panel.state.view.k)) return;
    const { panel, near } = found.filter((one) => one.near !== null)[0];
    this.pair.scroll(panel, Number(near));
    this.pair.tell(words.layerAt(Number(near)));
  }

  /** What the colours mean. */
  tell() {
    this.own().forEach((panel) => this.layers.tell(panel.legend, panel.state.view.series.n));
  }

  /** @param {Panel} panel @param {CanvasRenderingContext2D} context  its origin in the stage's centre, in CSS pixels */
  draw(panel, context) {
    if (panel.api === this.pair.api) this.layers.draw(context, panel);
    const other = this.pair.panels().filter((one) => one !== panel)[0];
    const line = other && panel.place && other.place
      && crossing(panel.place, panel.state.view.k, other.place, other.state.view.k);
    panel.marks.dataset.crossing = line ? line.map(({ x, y }) => `${x.toFixed(3)},${y.toFixed(3)}`).join(' ') : '';
    if (line) drawLine(context, panel.viewport.placed(line[0]), panel.viewport.placed(line[1]));
  }
}
