/**
 * The three planes on the screen: each a picture that the server cuts, with the lines of the other two. A finger or the
 * mouse moves the crossing, wheel, keys and buttons go from cut to cut. planes.js has the maths.
 *
 * @typedef {import('./planes.js').Plane} Plane
 * @typedef {import('./planes.js').Cuts} Cuts
 * @typedef {import('../state.js').Series} Series
 * @typedef {import('../stage/window_level.js').Preset} Preset
 * @typedef {{mode: 'avg' | 'mip' | 'minip', name: 'thin' | 'mean' | 'greatest' | 'least'}} Slab
 */
import { SessionEnded } from '../loading/api.js';
import { decodeJpeg } from '../loading/pictures.js';
import { messages } from '../messages.js';
import { element, fillWindows, key, press, say } from '../stage/controls.js';
import { made } from '../tools/overlay.js';
import { words } from '../tools/words.js';
import { STEPS } from '../stage/gestures.js';
import { presetsFor } from '../stage/window_level.js';
import { PLANES, clampCut, crossing, meeting, middles, shareOf } from './planes.js';

/** @type {Slab[]} */
const SLABS = [
  { name: 'thin', mode: 'avg' },
  { name: 'mean', mode: 'avg' },
  { name: 'greatest', mode: 'mip' },
  { name: 'least', mode: 'minip' },
];
const THICKNESSES = [5, 10, 20, 40]; // mm
const LEAST_SIDE = 256, MOST_SIDE = 1024; // pixels of a cut on the screen
const WHEEL_STEP = 40;
const COLOURS = { axial: '#ffd166', coronal: '#6fe3a5', sagittal: '#ff8fa3' };

export class Mpr {
  /** @param {import('../loading/api.js').Api} api @param {() => void} ended  the session is over
   *  @param {(series: Series) => string} facts  whose pictures, of which day */
  constructor(api, ended, facts) {
    this.api = api;
    this.facts = facts;
    this.ended = ended;
    this.root = element('mpr', HTMLElement);
    /** @type {Series | null} */
    this.series = null;
    this.slab = SLABS[0];
    this.thickness = THICKNESSES[1];
    this.crossed = true;
    /** @type {Preset | null} */
    this.preset = null;
    /** @type {Cuts} */
    this.counts = { axial: 1, coronal: 1, sagittal: 1 };
    this.at = this.counts;
    this.panels = PLANES.map((plane) => new Panel(plane, this));
    element('mpr-close', HTMLElement).addEventListener('click', () => this.close());
    this.root.addEventListener('keydown', (event) => {
      event.stopPropagation(); // the stack behind has the same keys
      if (event.key === 'Escape') this.close();
    });
    window.addEventListener('resize', () => { if (this.series) this.show(); });
    this.fillSlabs();
  }

  fillSlabs() {
    const slabs = element('mpr-slabs', HTMLElement);
    slabs.append(...SLABS.map((slab) => key(words.slabs[slab.name], () => { this.slab = slab; this.show(); })));
    this.thicknesses = made(/** @type {HTMLElement} */ (slabs.parentElement), 'div', 'windows');
    this.thicknesses.append(...THICKNESSES.map((mm) => key(words.thickness(mm), () => { this.thickness = mm; this.show(); })));
    this.cross = key(words.cross, () => { this.crossed = !this.crossed; this.show(); });
    this.thicknesses.insertAdjacentElement('afterend', this.cross);
    this.whose = made(this.root, 'p', 'mpr__facts');
    this.root.insertBefore(this.whose, this.root.children[1]);
  }

  /** @param {Series} series  one that has cuts */
  open(series) {
    if (!series.mpr) return;
    if (this.series !== series) {
      this.counts = series.mpr;
      this.at = middles(series.mpr);
      this.panels.forEach((panel) => panel.forget());
    }
    this.series = series;
    this.presets = presetsFor(series.modality, series.window);
    this.preset = this.presets[0];
    fillWindows(element('mpr-windows', HTMLElement), this.presets, (preset) => { this.preset = preset; this.show(); });
    if (this.whose) say(this.whose, this.facts(series));
    this.root.hidden = false;
    this.enlarge('axial');
    element('mpr-close', HTMLElement).focus();
  }

  close() {
    this.root.hidden = true;
    element('mpr-open', HTMLElement).focus();
  }

  /** One plane is large on a phone. @param {Plane} plane */
  enlarge(plane) {
    this.panels.forEach((panel) => panel.enlarge(panel.plane === plane));
    this.show();
  }

  /** @param {Cuts} at */
  go(at) {
    this.at = at;
    this.show();
  }

  /** @param {Plane} plane @param {number} steps */
  step(plane, steps) {
    this.go(Object.assign({}, this.at, { [plane]: clampCut(this.at[plane] + steps, this.counts[plane]) }));
  }

  show() {
    const mark = (/** @type {HTMLElement} */ place, /** @type {number} */ pressed) => place
      .querySelectorAll('button').forEach((button, i) => press(button, i === pressed));
    mark(element('mpr-slabs', HTMLElement), SLABS.indexOf(this.slab));
    if (this.presets && this.preset) mark(element('mpr-windows', HTMLElement), this.presets.indexOf(this.preset));
    if (this.thicknesses) {
      mark(this.thicknesses, THICKNESSES.indexOf(this.thickness));
      this.thicknesses.hidden = this.slab === SLABS[0];
    }
    if (this.cross) press(this.cross, this.crossed);
    this.panels.forEach((panel) => panel.show());
  }

  /** @param {unknown} fault */
  failed(fault) {
    if (fault instanceof SessionEnded) {
      this.root.hidden = true;
      this.ended();
      return;
    }
    say(element('mpr-note', HTMLElement), messages.failed);
  }
}

class Panel {
  /** @param {Plane} plane @param {Mpr} mpr */
  constructor(plane, mpr) {
    this.plane = plane;
    this.mpr = mpr;
    this.figure = element(`mpr-${plane}`, HTMLElement);
    this.canvas = /** @type {HTMLCanvasElement} */ (this.figure.querySelector('canvas'));
    this.caption = /** @type {HTMLElement} */ (this.figure.querySelector('figcaption'));
    /** @type {import('../loading/pictures.js').Picture | null} */
    this.picture = null;
    this.loading = false;
    this.travel = 0;
    this.shown = ''; // the address of the picture
    const [back, on, larger] = Array.from(this.figure.querySelectorAll('button'));
    back.addEventListener('click', () => mpr.step(plane, -1));
    on.addEventListener('click', () => mpr.step(plane, 1));
    larger.addEventListener('click', () => mpr.enlarge(plane));
    this.canvas.addEventListener('pointerdown', (event) => { this.canvas.setPointerCapture(event.pointerId); this.point(event); });
    this.canvas.addEventListener('pointermove', (event) => { if (event.buttons) this.point(event); });
    this.canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  forget() {
    this.picture = null;
    this.shown = '';
    this.draw();
  }

  /** @param {boolean} large */
  enlarge(large) {
    this.figure.classList.toggle('mpr__plane--large', large);
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (!this.picture) return;
    const box = this.canvas.getBoundingClientRect();
    const share = shareOf({ x: event.clientX - box.left, y: event.clientY - box.top }, box, this.picture);
    this.mpr.go(meeting(this.plane, share, this.mpr.at, this.mpr.counts));
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.travel += event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    if (Math.abs(this.travel) < WHEEL_STEP) return;
    this.mpr.step(this.plane, Math.sign(this.travel));
    this.travel = 0;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const steps = STEPS[event.key];
    if (!steps) return;
    event.preventDefault();
    this.mpr.step(this.plane, steps);
  }

  address() {
    const { series, at, preset, api } = this.mpr;
    const slab = { slab: this.mpr.slab === SLABS[0] ? 0 : this.mpr.thickness, mode: this.mpr.slab.mode };
    const side = Math.max(this.canvas.clientWidth, this.canvas.clientHeight) * Math.min(2, window.devicePixelRatio || 1);
    const size = Math.max(LEAST_SIDE, Math.min(MOST_SIDE, Math.ceil(side / 128) * 128));
    return series ? api.cutUrl(series.n, this.plane, at[this.plane], preset ? preset.window : null, slab, size) : '';
  }

  /** Fetches what is wanted now, one picture at a time: what was wanted meanwhile is left out. */
  async show() {
    const { at, counts } = this.mpr;
    say(this.caption, words.cut(this.plane, at[this.plane], counts[this.plane]));
    this.canvas.setAttribute('aria-label', words.cut(this.plane, at[this.plane], counts[this.plane]));
    this.draw();
    if (this.loading) return;
    this.loading = true;
    try {
      for (let url = this.address(); url !== this.shown && !this.mpr.root.hidden; url = this.address()) {
        say(element('mpr-note', HTMLElement), this.picture ? '' : messages.loading);
        this.picture = await decodeJpeg(await this.mpr.api.blob(url));
        this.shown = url;
        say(element('mpr-note', HTMLElement), '');
        this.draw();
      }
    } catch (fault) {
      this.mpr.failed(fault);
    }
    this.loading = false;
  }

  draw() {
    const context = this.canvas.getContext('2d');
    if (!context) return;
    if (!this.picture) {
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      return;
    }
    const { width, height } = this.picture;
    this.canvas.width = width;
    this.canvas.height = height;
    const gain = this.mpr.preset ? this.mpr.preset.gain : 1;
    this.canvas.style.filter = gain === 1 ? '' : `brightness(${gain})`;
    context.drawImage(this.picture, 0, 0);
    this.canvas.dataset.cut = this.shown;
    if (!this.mpr.crossed) return;
    const { x, y } = crossing(this.plane, this.mpr.at, this.mpr.counts);
    const [across, down] = PLANES.filter((plane) => plane !== this.plane).reverse();
    this.line(context, COLOURS[across], x * width, 0, x * width, height);
    this.line(context, COLOURS[down], 0, y * height, width, y * height);
  }

  /** @param {CanvasRenderingContext2D} context @param {string} colour
   *  @param {number} left @param {number} top @param {number} right @param {number} bottom */
  line(context, colour, left, top, right, bottom) {
    context.strokeStyle = colour;
    context.lineWidth = Math.max(1, Math.max(this.canvas.width, this.canvas.height) / 400);
    context.globalAlpha = 0.75;
    context.beginPath();
    context.moveTo(left, top);
    context.lineTo(right, bottom);
    context.stroke();
    context.globalAlpha = 1;
  }
}
