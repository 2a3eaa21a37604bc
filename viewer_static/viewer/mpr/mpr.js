/**
 * The three planes on the screen: each a picture that the server cuts, with the lines of the other two. A finger or the
 * mouse moves the crossing, wheel, keys and buttons go from cut to cut. A line that is dragged at its end turns the two
 * other planes within this picture, and buttons and keys do so by steps. planes.js has the maths.
 *
 * @typedef {import('./planes.js').Plane} Plane
 * @typedef {import('./planes.js').Cuts} Cuts
 * @typedef {import('./planes.js').Share} Share
 * @typedef {import('../state.js').Series} Series
 * @typedef {import('../stage/window_level.js').Preset} Preset
 * @typedef {{mode: 'avg' | 'mip' | 'minip', name: 'thin' | 'mean' | 'greatest' | 'least'}} Slab
 */
import { SessionEnded } from '../loading/api.js';
import { decodeJpeg } from '../loading/pictures.js';
import { messages } from '../messages.js';
import { element, fillWindows, key, press, say } from '../stage/controls.js';
import { made } from '../tools/overlay.js';
import { edges } from '../tools/places.js';
import { words } from '../tools/words.js';
import { STEPS } from '../stage/gestures.js';
import { UPRIGHT } from '../stage/viewport.js';
import { presetsFor } from '../stage/window_level.js';
import {
  PLANES, STRAIGHT, cutsAt, dot, isStraight, lineOf, middles, placeOf, plus, pointAt, pointOf, shareOf, spotOf, stepOf,
  tiltOf, turnedIn, viewOf, within,
} from './planes.js';

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
const FURTHEST = 1e4; // cuts of a step
const TURN = 5; // degrees of a button
/** @type {{[key: string]: number}} */
const TURNS = { '[': -TURN, ']': TURN };
const HANDLE = { at: 0.85, radius: 6, reach: 22, least: 40 }; // share of a line's arm; pixels of the screen
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
    this.box = [1, 1, 1]; // mm
    this.point = [0, 0, 0]; // the crossing, from the middle of the box
    this.turn = STRAIGHT;
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
    this.straighten = key(words.straight, () => this.turnTo(STRAIGHT));
    this.straighten.title = words.straightKey;
    element('mpr-close', HTMLElement).insertAdjacentElement('afterend', this.straighten);
    this.whose = made(this.root, 'p', 'mpr__facts');
    this.root.insertBefore(this.whose, this.root.children[1]);
  }

  /** @param {Series} series  one that has cuts */
  open(series) {
    if (!series.mpr || !series.mpr_box) return;
    if (this.series !== series) {
      this.counts = series.mpr;
      this.box = series.mpr_box;
      this.point = pointOf(middles(series.mpr), series.mpr, series.mpr_box);
      this.turn = STRAIGHT;
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

  /** As far as the box goes; along the patient's axes there are cuts only. @param {number[]} point */
  go(point) {
    this.point = within(this.point, point, this.box);
    if (isStraight(this.turn)) this.point = pointOf(this.cuts(), this.counts, this.box);
    this.show();
  }

  /** Those along the patient's axes. */
  cuts() {
    return cutsAt(this.point, this.counts, this.box);
  }

  /** @param {Plane} plane */
  view(plane) {
    return viewOf(plane, this.turn, this.box);
  }

  /** @param {Plane} plane @param {number} steps */
  step(plane, steps) {
    const most = Math.max(-FURTHEST, Math.min(FURTHEST, steps));
    this.go(plus(this.point, this.view(plane).through, most * stepOf(plane, this.counts, this.box)));
  }

  /** @param {number[]} turn */
  turnTo(turn) {
    this.turn = isStraight(turn) ? STRAIGHT : turn;
    this.go(this.point);
  }

  /** The other two planes. @param {Plane} plane @param {number} degrees  clockwise */
  turnIn(plane, degrees) {
    this.turnTo(turnedIn(this.turn, this.view(plane), degrees));
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
    if (this.straighten) this.straighten.hidden = isStraight(this.turn);
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
    /** The line that is dragged: degrees of the finger at first, and the turn then. @type {{from: number, turn: number[]} | null} */
    this.grip = null;
    this.edges = Array.from(this.figure.querySelectorAll('.mpr__edge'));
    this.shown = ''; // the address of the picture
    const [back, on, left, right, larger] = Array.from(this.figure.querySelectorAll('button'));
    back.addEventListener('click', () => mpr.step(plane, -1));
    on.addEventListener('click', () => mpr.step(plane, 1));
    left.addEventListener('click', () => mpr.turnIn(plane, -TURN));
    right.addEventListener('click', () => mpr.turnIn(plane, TURN));
    larger.addEventListener('click', () => mpr.enlarge(plane));
    this.canvas.addEventListener('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.grip = this.gripOf(event);
      this.point(event);
    });
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
    const { mpr, plane } = this;
    if (this.grip) {
      const degrees = Math.round(this.degrees(event) - this.grip.from);
      mpr.turnTo(turnedIn(this.grip.turn, mpr.view(plane), degrees));
      return;
    }
    const box = this.canvas.getBoundingClientRect();
    const share = shareOf({ x: event.clientX - box.left, y: event.clientY - box.top }, box, this.picture);
    mpr.go(pointAt(mpr.view(plane), share, mpr.point));
  }

  /** Where a place of the picture is on the screen. @param {Share} share */
  spot(share) {
    const box = this.canvas.getBoundingClientRect();
    const { x, y } = spotOf(share, box, this.picture || this.canvas);
    return { x: x + box.left, y: y + box.top };
  }

  /** From the crossing to the finger. @param {PointerEvent} event */
  degrees(event) {
    const { x, y } = this.spot(placeOf(this.mpr.view(this.plane), this.mpr.point));
    return (Math.atan2(event.clientY - y, event.clientX - x) * 180) / Math.PI;
  }

  /** The end of a line under the finger. @param {PointerEvent} event */
  gripOf(event) {
    if (!this.picture || !this.mpr.crossed) return null;
    const holds = (/** @type {Share} */ handle) => {
      const { x, y } = this.spot(handle);
      return Math.hypot(event.clientX - x, event.clientY - y) < HANDLE.reach;
    };
    const held = this.lines().some(({ handles }) => handles.some(holds));
    return held ? { from: this.degrees(event), turn: this.mpr.turn } : null;
  }

  /** Of the other two planes. A handle that would be too near to the crossing is none. */
  lines() {
    const { mpr, plane } = this, view = mpr.view(plane), middle = placeOf(view, mpr.point);
    const centre = this.spot(middle);
    return PLANES.filter((other) => other !== plane).map((other) => {
      const ends = lineOf(view, mpr.view(other), mpr.point);
      const handles = ends
        .map(({ x, y }) => ({ x: middle.x + (x - middle.x) * HANDLE.at, y: middle.y + (y - middle.y) * HANDLE.at }))
        .filter((handle) => Math.hypot(this.spot(handle).x - centre.x, this.spot(handle).y - centre.y) > HANDLE.least);
      return { colour: COLOURS[other], ends, handles };
    });
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
    const steps = STEPS[event.key], degrees = TURNS[event.key];
    if (steps) this.mpr.step(this.plane, steps);
    else if (degrees) this.mpr.turnIn(this.plane, degrees);
    else if (event.key === '0') this.mpr.turnTo(STRAIGHT);
    else return;
    event.preventDefault();
  }

  address() {
    const { series, preset, api, turn, point } = this.mpr;
    const slab = { slab: this.mpr.slab === SLABS[0] ? 0 : this.mpr.thickness, mode: this.mpr.slab.mode };
    const side = Math.max(this.canvas.clientWidth, this.canvas.clientHeight) * Math.min(2, window.devicePixelRatio || 1);
    const size = Math.max(LEAST_SIDE, Math.min(MOST_SIDE, Math.ceil(side / 128) * 128));
    if (!series) return '';
    const view = this.mpr.view(this.plane);
    const cut = isStraight(turn) ? { name: this.mpr.cuts()[this.plane], query: [] } : {
      name: 'oblique', query: [`turn=${view.tilt.map((part) => part.toFixed(5))}`, `mm=${dot(view.through, point).toFixed(2)}`],
    };
    return api.cutUrl(series.n, this.plane, cut, preset ? preset.window : null, slab, size);
  }

  /** Fetches what is wanted now, one picture at a time: what was wanted meanwhile is left out. */
  async show() {
    const { mpr, plane } = this, view = mpr.view(plane);
    const told = isStraight(mpr.turn)
      ? words.cut(plane, mpr.cuts()[plane], mpr.counts[plane]) : words.oblique(plane, Math.round(tiltOf(plane, view)));
    say(this.caption, told);
    this.canvas.setAttribute('aria-label', told);
    this.canvas.dataset.wanted = this.address();
    this.draw();
    if (this.loading) return;
    this.loading = true;
    try {
      for (let url = this.address(); url !== this.shown && !mpr.root.hidden; url = this.address()) {
        say(element('mpr-note', HTMLElement), this.picture ? '' : messages.loading);
        const { right, down } = mpr.view(plane);
        this.picture = await decodeJpeg(await mpr.api.blob(url));
        this.name(edges(right.concat(down), UPRIGHT));
        this.shown = url;
        say(element('mpr-note', HTMLElement), '');
        this.draw();
      }
    } catch (fault) {
      mpr.failed(fault);
    }
    this.loading = false;
  }

  /** The directions of the picture that is shown. @param {ReturnType<typeof edges>} sides */
  name(sides) {
    if (sides) [sides.left, sides.right, sides.top, sides.bottom].forEach((word, i) => { this.edges[i].textContent = word; });
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
    const whole = this.canvas.getBoundingClientRect();
    const scale = 1 / Math.min(whole.width / width, whole.height / height); // pixels of the picture in one of the screen
    this.lines().forEach(({ colour, ends: [from, to], handles }) => {
      context.strokeStyle = context.fillStyle = colour;
      this.line(context, from.x * width, from.y * height, to.x * width, to.y * height);
      handles.forEach(({ x, y }) => {
        context.beginPath();
        context.arc(x * width, y * height, HANDLE.radius * scale, 0, 2 * Math.PI);
        context.fill();
      });
    });
  }

  /** @param {CanvasRenderingContext2D} context
   *  @param {number} left @param {number} top @param {number} right @param {number} bottom */
  line(context, left, top, right, bottom) {
    context.lineWidth = Math.max(1, Math.max(this.canvas.width, this.canvas.height) / 400);
    context.globalAlpha = 0.75;
    context.beginPath();
    context.moveTo(left, top);
    context.lineTo(right, bottom);
    context.stroke();
    context.globalAlpha = 1;
  }
}
