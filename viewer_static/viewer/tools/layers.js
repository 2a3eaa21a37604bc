/**
 * Transparent layers over the pictures: segments and contours, each on and off by a button, with what its colours mean.
 * The server draws them (app/imaging/display/layers.py); here they are laid over the frame, under its transform.
 *
 * @typedef {{labels: Array<{label: string, colour: number[]}>, frames: {[n: string]: number[]}, address: string}} Layer
 * @typedef {{viewport: import('../stage/viewport.js').Viewport, state: {view: import('../state.js').View},
 *            canvas: HTMLCanvasElement}} Shower
 */
import { element, key, press, say } from '../stage/controls.js';
import { made } from './overlay.js';
import { Fetched } from './tiles.js';
import { words } from './words.js';

const KEPT_PIXELS = 6 * 1024 * 1024; // 24 MB
const MOST_LABELS = 24; // of a legend; more cover the picture

/** The frame of a layer that is nearest to k; null where the series has none. @param {Layer} layer @param {number} n
 *  @param {number} k @returns {number | null} */
export function nearest(layer, n, k) {
  const frames = layer.frames[String(n)] || [];
  return frames.reduce((/** @type {number | null} */ best, one) =>
    (best === null || Math.abs(one - k) < Math.abs(best - k) ? one : best), null);
}

/** The address of a layer over one frame; null where nothing lies. @param {Layer} layer @param {number} n
 *  @param {number} k @returns {string | null} */
export function addressOver(layer, n, k) {
  const lies = (layer.frames[String(n)] || []).indexOf(k) >= 0;
  return lies ? layer.address.replace('{n}', String(n)).replace('{k}', String(k)) : null;
}

export class Layers {
  /** @param {import('../viewer.js').Viewer} viewer @param {() => void} changed */
  constructor(viewer, changed) {
    this.viewer = viewer;
    this.changed = changed;
    this.fetched = new Fetched(viewer.api, KEPT_PIXELS, (came) => {
      if (!came) say(element('note', HTMLElement), words.noLayer);
      changed();
    });
    /** @type {Set<Layer>} */
    this.on = new Set();
    this.all = viewer.objects.filter((one) => one.layer).map((one) => {
      const layer = /** @type {Layer} */ (one.layer);
      const button = key(one.description, () => this.toggle(layer));
      button.dataset.layer = '';
      return { layer, button };
    });
    this.legend = made(viewer.stage, 'ul', 'stage__legend');
    this.legend.setAttribute('aria-label', words.layers);
    this.mark();
  }

  /** Those of the series in view have a button. */
  mark() {
    const { series } = this.viewer.state.view;
    this.all.forEach(({ layer, button }) => {
      button.hidden = nearest(layer, series.n, 1) === null;
      press(button, this.on.has(layer));
    });
    this.tell(this.legend, series.n);
  }

  /** What the colours mean over a series. @param {HTMLElement} legend @param {number} n */
  tell(legend, n) {
    legend.textContent = '';
    const shown = this.all.filter(({ layer }) => this.on.has(layer) && nearest(layer, n, 1) !== null);
    const labels = shown.reduce((/** @type {Layer['labels']} */ all, { layer }) => all.concat(layer.labels), []);
    labels.slice(0, MOST_LABELS).forEach(({ label, colour }) => {
      const line = made(legend, 'li', '');
      made(line, 'b', '').style.backgroundColor = `rgb(${colour.join(',')})`;
      line.append(label);
    });
    legend.hidden = labels.length === 0;
  }

  /** On or off. @param {Layer} layer @returns {boolean}  whether it is on now */
  turn(layer) {
    const on = !this.on.has(layer);
    if (on) this.on.add(layer);
    else this.on.delete(layer);
    this.mark();
    this.changed();
    return on;
  }

  /** Where the layer is not over the slice in view, the viewer goes to where it is. @param {Layer} layer */
  toggle(layer) {
    const { series, k } = this.viewer.state.view;
    const near = this.turn(layer) ? nearest(layer, series.n, k) : null;
    if (near === null || near === k) return;
    this.viewer.state.goTo(near);
    say(element('note', HTMLElement), words.layerAt(near));
  }

  /** @param {CanvasRenderingContext2D} context  its origin in the stage's centre, in CSS pixels
   *  @param {Shower} shower  the viewer, or one of two panels */
  draw(context, shower) {
    const { state, viewport } = shower;
    const { series, k } = state.view;
    let here = 0;
    this.on.forEach((layer) => {
      const address = addressOver(layer, series.n, k);
      const picture = address ? this.fetched.kept.get(address) : undefined;
      if (address && !picture) this.fetched.bring(address);
      if (!picture) return;
      here += 1;
      viewport.lay(context, picture);
    });
    shower.canvas.dataset.layers = String(here);
  }
}
