/**
 * Lengths, angles and regions that the reader draws into a picture: their points, what they measure, and how they look.
 * They stay with their frame until they are cleared, and are never stored.
 *
 * @typedef {import('./places.js').Point} Point
 * @typedef {'length' | 'angle' | 'region'} Kind
 * @typedef {{viewport: import('../stage/viewport.js').Viewport, state: {view: import('../state.js').View},
 *            api: import('../loading/api.js').Api}} Shower  the viewer, or one of two panels
 * @typedef {{kind: Kind, n: number, k: number, points: Point[], told: string[]}} Measure
 */
import { angleAt, ellipseArea, isMeasurable, lengthOf, sizeAt } from './places.js';
import { words } from './words.js';

const GRIP = 24; // CSS pixels around a point that take hold of it
const SLIP = 6; // a drag shorter than this draws nothing
const COLOUR = '#ffd166';
const FONT = '600 16px sans-serif', LINE = 20;

export class Measures {
  /** @param {Shower} viewer @param {import('./places.js').Places} places
   *  @param {{changed: () => void, hint: (words: string) => void}} listener */
  constructor(viewer, places, listener) {
    this.viewer = viewer;
    this.places = places;
    this.listener = listener;
    /** @type {Measure[]} */
    this.all = [];
    /** @type {{measure: Measure, at: number} | null} */
    this.held = null;
  }

  /** Those of the frame in view. */
  here() {
    const { series, k } = this.viewer.state.view;
    return this.all.filter((one) => one.n === series.n && one.k === k);
  }

  clear() {
    this.all = this.all.filter((one) => this.here().indexOf(one) < 0);
    this.held = null;
    this.listener.changed();
  }

  /** Why nothing can be measured here; empty when it can. */
  refusal() {
    const { series, k } = this.viewer.state.view;
    const place = this.places.of(series.n);
    return !place ? words.noPlace : isMeasurable(place, k) ? '' : words.noSize;
  }

  /** What draws a measure of this kind. @param {Kind} kind @returns {import('../stage/gestures.js').Tool} */
  tool(kind) {
    return {
      draws: true,
      down: (at) => this.start(kind, at),
      move: (to) => this.drag(to),
      up: () => this.finish(),
    };
  }

  /** @param {Kind} kind @param {Point} at  on the stage */
  start(kind, at) {
    const refusal = this.refusal();
    this.listener.hint(refusal);
    if (refusal) return;
    const { series, k } = this.viewer.state.view;
    const point = this.share(at);
    this.held = this.gripped(at);
    const open = this.here().filter((one) => one.kind === 'angle' && one.points.length === 2)[0];
    if (this.held) return;
    if (kind === 'angle' && open) {
      open.points.push(point);
      this.held = { measure: open, at: 2 };
    } else {
      const measure = { kind, n: series.n, k, points: [point, point], told: [] };
      this.all.push(measure);
      this.held = { measure, at: 1 };
    }
    this.measure(this.held.measure);
  }

  /** @param {Point} to */
  drag(to) {
    if (!this.held) return;
    this.held.measure.points[this.held.at] = this.share(to);
    this.measure(this.held.measure);
  }

  finish() {
    if (!this.held) return;
    const { measure, at } = this.held;
    this.held = null;
    const [a, b] = [this.onStage(measure.points[Math.max(0, at - 1)]), this.onStage(measure.points[at])];
    if (at > 0 && distance(a, b) < SLIP) this.all = this.all.filter((one) => one !== measure);
    else if (measure.kind === 'region') this.ask(measure);
    else if (measure.kind === 'angle' && measure.points.length === 2) this.listener.hint(words.secondLeg);
    this.listener.changed();
  }

  /** The point under the finger, if there is one. @param {Point} at */
  gripped(at) {
    const points = this.here().reverse().map((measure) => measure.points.map((point, i) => ({ measure, at: i, point })));
    const near = points.reduce((all, some) => all.concat(some), [])
      .filter(({ point }) => distance(this.onStage(point), at) < GRIP)[0];
    return near ? { measure: near.measure, at: near.at } : null;
  }

  /** @param {Measure} measure */
  measure(measure) {
    const place = this.places.of(measure.n);
    const size = place && sizeAt(place, measure.k, measure.points);
    const [a, b, c] = measure.points;
    if (!size) measure.told = [words.outside];
    else if (measure.kind === 'length') measure.told = [words.length(lengthOf(a, b, size), size)];
    else if (measure.kind === 'angle') measure.told = c ? [words.angle(angleAt(a, b, c, size))] : [];
    else measure.told = [words.area(ellipseArea(a, b, size), size)];
    this.listener.changed();
  }

  /** The values inside come from the server: it has them in full depth. @param {Measure} measure */
  async ask(measure) {
    const [a, b] = measure.points;
    const share = (/** @type {number} */ value) => Math.max(0, Math.min(1, value)).toFixed(6);
    const query = `shape=ellipse&left=${share(a.x)}&top=${share(a.y)}&right=${share(b.x)}&bottom=${share(b.y)}`;
    const area = measure.told[0];
    measure.told = [words.asking, area];
    const { api } = this.viewer;
    const place = this.places.of(measure.n);
    const told = await api.json(`${api.base}/series/${measure.n}/frames/${measure.k}/region.json?${query}`)
      .catch(() => ({ pixels: 0 }));
    if (measure.points[0] !== a || measure.points[1] !== b) return; // moved meanwhile
    measure.told = told.pixels
      ? [words.values(told, (place && place.unit) || ''), words.extremes(told), area] : [words.noValues, area];
    this.listener.changed();
  }

  /** @param {Point} at @returns {Point} */
  share(at) {
    return this.viewer.viewport.shareAt(at);
  }

  /** @param {Point} point @returns {Point} */
  onStage(point) {
    return this.viewer.viewport.placed(point);
  }

  /** @param {CanvasRenderingContext2D} context  its origin in the stage's centre, in CSS pixels */
  draw(context) {
    this.here().forEach((measure) => {
      const points = measure.points.map((point) => this.onStage(point));
      context.strokeStyle = context.fillStyle = COLOUR;
      context.lineWidth = 2;
      context.beginPath();
      if (measure.kind === 'region') ellipse(context, this.onStage.bind(this), measure.points);
      else points.forEach(({ x, y }) => context.lineTo(x, y));
      context.stroke();
      points.forEach(({ x, y }) => { context.beginPath(); context.arc(x, y, 5, 0, 2 * Math.PI); context.stroke(); });
      label(context, measure.told, points[points.length - 1]);
    });
  }
}

/** An ellipse in a box that may be turned. @param {CanvasRenderingContext2D} context
 *  @param {(point: Point) => Point} onStage @param {Point[]} shares */
function ellipse(context, onStage, [a, b]) {
  const [middle, half] = [{ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, { x: (b.x - a.x) / 2, y: (b.y - a.y) / 2 }];
  for (let i = 0; i <= 64; i += 1) {
    const angle = (i * Math.PI) / 32;
    const { x, y } = onStage({ x: middle.x + half.x * Math.cos(angle), y: middle.y + half.y * Math.sin(angle) });
    context.lineTo(x, y);
  }
}

/** Words beside a point, inside the stage. @param {CanvasRenderingContext2D} context @param {string[]} lines
 *  @param {Point} at */
export function label(context, lines, at) {
  const { width: w, height: h } = context.canvas;
  const ratio = context.getTransform ? context.getTransform().a : 1;
  const [right, bottom] = [w / ratio / 2 - 6, h / ratio / 2 - 6];
  context.font = FONT;
  context.textBaseline = 'top';
  const width = Math.max.apply(null, lines.map((line) => context.measureText(line).width).concat(0));
  const x = Math.max(-right, Math.min(right - width, at.x + 12));
  const y = Math.max(-bottom, Math.min(bottom - LINE * lines.length, at.y + 8));
  context.lineJoin = 'round';
  lines.forEach((line, i) => {
    context.lineWidth = 4;
    context.strokeStyle = 'rgba(0, 0, 0, .85)';
    context.strokeText(line, x, y + LINE * i);
    context.fillStyle = COLOUR;
    context.fillText(line, x, y + LINE * i);
  });
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
}
