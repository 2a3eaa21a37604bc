/**
 * What lies over the picture: measures, a scale, the patient's directions, whose picture it is and under which window.
 * It is drawn anew after each drawing of the picture, and never into it.
 */
import { element, say } from '../stage/controls.js';
import { messages } from '../messages.js';
import { edges, orientationOf, roundLength, sizeAt } from './places.js';
import { words } from './words.js';

const SCALE_SHARE = 0.3; // of the stage's width, at most
const SIDES = /** @type {Array<'top' | 'right' | 'bottom' | 'left'>} */ (['top', 'right', 'bottom', 'left']);

export class Overlay {
  /** @param {import('../viewer.js').Viewer} viewer @param {import('./places.js').Places} places
   *  @param {import('./measures.js').Measures} measures @param {import('./layers.js').Layers} layers */
  constructor(viewer, places, measures, layers) {
    this.layers = layers;
    this.viewer = viewer;
    this.places = places;
    this.measures = measures;
    this.asked = false;
    /** The window under a drag, while it moves. @type {() => import('../stage/window_level.js').Window | null} */
    this.dragged = () => null;
    /** The value under the mouse. @type {() => number | null} */
    this.probed = () => null;
    /** The magnifier, over all else. @type {(context: CanvasRenderingContext2D) => void} */
    this.magnified = () => {};
    const { stage } = viewer;
    this.canvas = made(stage, 'canvas', 'stage__marks');
    this.canvas.setAttribute('aria-hidden', 'true');
    this.edges = SIDES.map((side) => made(stage, 'span', `stage__edge stage__edge--${side}`));
    this.edges.forEach((edge) => edge.setAttribute('aria-hidden', 'true'));
    this.seriesName = made(element('facts', HTMLElement), 'span', 'stage__series');
    this.window = made(stage, 'p', 'stage__window');
    this.caution = made(stage, 'p', 'stage__caution');
    this.told = made(stage, 'p', 'sr-only');
    this.told.id = 'measured';
    this.told.setAttribute('role', 'status');
    viewer.viewport.drawn = () => this.later();
  }

  /** Once a frame of the screen: by then the canvas says what it shows. */
  later() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.draw(); });
  }

  draw() {
    const { viewport, state, canvas } = this.viewer;
    const { series, k } = state.view;
    const context = cleared(this.canvas, viewport);
    const shows = !this.viewer.screen.over && canvas.dataset.slice === String(k) && canvas.dataset.series === String(series.n);
    const here = shows ? this.measures.here() : [];
    const place = shows ? this.places.of(series.n) : null;
    if (context && shows) {
      this.layers.draw(context, this.viewer);
      this.measures.draw(context);
      const scale = place ? drawScale(context, viewport, sizeAt(place, k, [{ x: 0.5, y: 0.5 }])) : '';
      if (scale) this.canvas.dataset.scale = scale;
      this.magnified(context);
    }
    const sides = place && edges(orientationOf(place, k), viewport.pose);
    this.edges.forEach((edge, i) => say(edge, sides ? sides[SIDES[i]] : ''));
    say(this.seriesName, messages.series(series.n, series.description));
    say(this.window, this.viewer.screen.over ? '' : this.windowWords());
    say(this.caution, here.length ? words.caution : '');
    say(this.told, here.map((one) => one.told.join('，')).join('；'));
  }

  windowWords() {
    const { window, gain, series } = this.viewer.state.view;
    const shown = this.dragged() || window || series.window;
    const { zoom } = this.viewer.viewport.transform;
    const value = this.probed(), place = value === null ? null : this.places.of(series.n);
    return [value === null ? '' : words.value(value, (place && place.unit) || ''), shown ? words.window(shown) : gain !== 1 ? words.gain(gain) : '', zoom > 1.01 ? words.zoom(zoom) : '']
      .filter(Boolean).join(' · ');
  }
}

/** A bar of a round length at the lower right. @param {CanvasRenderingContext2D} context  its origin in the stage's centre
 *  @param {import('../stage/viewport.js').Viewport} viewport @param {import('./places.js').Size | null} size
 *  @returns {string}  its mm; empty where the size is unknown */
export function drawScale(context, viewport, size) {
  if (!size || !viewport.picture) return '';
  const stage = viewport.size();
  const [left, right] = [viewport.placed({ x: 0, y: 0 }), viewport.placed({ x: 1, y: 0 })];
  const wide = Math.sqrt(Math.pow(right.x - left.x, 2) + Math.pow(right.y - left.y, 2)) / size.width; // pixels a mm
  const mm = roundLength((stage.width * SCALE_SHARE) / wide);
  const [end, y] = [stage.width / 2 - 12, stage.height / 2 - 44];
  const start = end - mm * wide;
  [['rgba(0, 0, 0, .7)', 5], ['#fff', 2]].forEach(([colour, thickness]) => {
    context.strokeStyle = String(colour);
    context.lineWidth = Number(thickness);
    context.beginPath();
    context.moveTo(start, y - 6);
    context.lineTo(start, y);
    context.lineTo(end, y);
    context.lineTo(end, y - 6);
    context.stroke();
  });
  context.font = '600 16px sans-serif';
  context.textBaseline = 'alphabetic';
  context.textAlign = 'right';
  context.lineWidth = 4;
  context.strokeStyle = 'rgba(0, 0, 0, .7)';
  context.fillStyle = '#fff';
  context.strokeText(words.scale(mm), end, y - 10);
  context.fillText(words.scale(mm), end, y - 10);
  context.textAlign = 'left';
  return String(mm);
}

/** A line that is seen on bright and on dark, and is taken for no measure.
 *  @param {CanvasRenderingContext2D} context  its origin in the stage's centre, in CSS pixels
 *  @param {import('./places.js').Point} a @param {import('./places.js').Point} b */
export function drawLine(context, a, b) {
  [['rgba(0, 0, 0, .7)', 4], ['#7fd1ff', 2]].forEach(([colour, thickness]) => {
    context.strokeStyle = String(colour);
    context.lineWidth = Number(thickness);
    context.setLineDash(thickness === 2 ? [10, 6] : []);
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    context.stroke();
  });
  context.setLineDash([]);
}

/** A canvas over that of a viewport, as large and empty; its origin in the stage's centre, in CSS pixels.
 *  @param {HTMLCanvasElement} canvas @param {import('../stage/viewport.js').Viewport} viewport */
export function cleared(canvas, viewport) {
  const stage = viewport.size();
  const context = canvas.getContext('2d');
  const ratio = viewport.canvas.width / Math.max(1, stage.width);
  if (canvas.width !== viewport.canvas.width) canvas.width = viewport.canvas.width;
  if (canvas.height !== viewport.canvas.height) canvas.height = viewport.canvas.height;
  if (!context) return null;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, (stage.width / 2) * ratio, (stage.height / 2) * ratio);
  return context;
}

/** @template {keyof HTMLElementTagNameMap} T @param {HTMLElement} parent @param {T} tag @param {string} name */
export function made(parent, tag, name) {
  const child = document.createElement(tag);
  child.className = name;
  parent.append(child);
  return child;
}
