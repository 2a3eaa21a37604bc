/**
 * Fingers, mouse and keys -> what was meant. Knows the stage, not the pictures. Points are CSS pixels from the centre.
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {'touch' | 'left' | 'middle' | 'right'} Grip  what holds the picture
 * @typedef {{down: (at: Point) => void, move: (to: Point, from: Point) => void, up: () => void,
 *            draws: boolean}} Tool  draws: its taps are its own
 * @typedef {{scroll: (steps: number) => void, pan: (dx: number, dy: number) => void,
 *            zoom: (factor: number, at: Point) => void, doubleTap: (at: Point) => void, isZoomed: () => boolean,
 *            tool: (grip: Grip) => Tool | null, stepLength: () => number}} Meaning
 *            tool: what a drag does instead of scrolling; stepLength: pixels of drag for one frame
 */

/** @type {Grip[]} */
const BUTTONS = ['left', 'middle', 'right'];
const ZOOM_PIXELS = 150; // of a drag that zooms by e
const DOUBLE_TAP_MS = 320;
const TAP_SLIP = 12; // pixels a tapping finger may slip
const WHEEL_STEP = 40; // of wheel delta for one frame: one notch is 100 on a mouse, a trickle on a touch pad

/** Pixels of drag for one frame: the whole stack in about one sweep, but never nervous. @returns {number}
 *  @param {number} frames @param {number} height  of the stage */
export function stepLength(frames, height) {
  return Math.max(5, Math.min(28, (height * 0.9) / Math.max(1, frames)));
}

export class Gestures {
  /** @param {HTMLElement} stage @param {Meaning} meaning */
  constructor(stage, meaning) {
    this.stage = stage;
    this.meaning = meaning;
    /** @type {Map<number, Point>} */
    this.fingers = new Map();
    this.travel = 0; // drag not yet turned into frames
    this.slip = 0; // how far this touch went in all
    this.lastTapAt = 0;
    /** @type {Grip} */
    this.grip = 'touch';
    this.start = { x: 0, y: 0 };
    /** @type {Tool | null} */
    this.tool = null;
    stage.addEventListener('pointerdown', (event) => this.down(event));
    stage.addEventListener('pointermove', (event) => this.moved(event));
    stage.addEventListener('pointerup', (event) => this.up(event));
    stage.addEventListener('pointercancel', (event) => { this.fingers.delete(event.pointerId); this.letGo(); });
    stage.addEventListener('contextmenu', (event) => event.preventDefault()); // the right button zooms
    stage.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  /** @param {MouseEvent} event @returns {Point} */
  point(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  }

  /** @param {PointerEvent} event */
  down(event) {
    const grip = event.pointerType === 'mouse' ? BUTTONS[event.button] : 'touch';
    if (!grip || !(event.target instanceof HTMLCanvasElement)) return;
    if (event.button) event.preventDefault(); // a browser's own scrolling by the middle button
    this.stage.setPointerCapture(event.pointerId);
    this.start = this.point(event);
    this.fingers.set(event.pointerId, this.start);
    this.travel = 0;
    this.letGo();
    this.slip = this.fingers.size === 1 ? 0 : Infinity;
    this.grip = grip;
    this.tool = this.fingers.size === 1 ? this.meaning.tool(grip) : null;
    if (this.tool) this.tool.down(this.start);
  }

  letGo() {
    if (this.tool) this.tool.up();
    this.tool = null;
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = this.point(event);
    const other = this.otherFinger(event.pointerId);
    this.fingers.set(event.pointerId, now);
    this.slip += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (other) this.pinch(before, now, other);
    else if (this.tool) this.tool.move(now, before);
    else if (this.grip === 'right') this.meaning.zoom(Math.exp((before.y - now.y) / ZOOM_PIXELS), this.start);
    else if (this.grip === 'middle' || this.meaning.isZoomed()) this.meaning.pan(now.x - before.x, now.y - before.y);
    else this.drag(now.y - before.y);
  }

  /** @param {number} id @returns {Point | undefined} */
  otherFinger(id) {
    const others = Array.from(this.fingers).filter(([one]) => one !== id);
    return others.length ? others[0][1] : undefined;
  }

  /** One finger of two moved: the gap zooms, the middle pans. @param {Point} before @param {Point} now @param {Point} other */
  pinch(before, now, other) {
    const gap = distance(before, other);
    if (gap > 0) this.meaning.zoom(distance(now, other) / gap, middle(now, other));
    this.meaning.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  /** @param {number} dy */
  drag(dy) {
    this.travel += dy;
    const step = this.meaning.stepLength();
    const steps = Math.trunc(this.travel / step);
    this.travel -= steps * step;
    if (steps) this.meaning.scroll(steps);
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    const draws = this.tool !== null && this.tool.draws;
    this.letGo();
    if (draws || this.slip > TAP_SLIP || this.grip === 'middle' || this.grip === 'right') return;
    const now = event.timeStamp;
    if (now - this.lastTapAt < DOUBLE_TAP_MS) this.meaning.doubleTap(this.point(event));
    this.lastTapAt = now - this.lastTapAt < DOUBLE_TAP_MS ? 0 : now;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey) { // a pinch on a touch pad
      this.meaning.zoom(Math.exp(-event.deltaY / 100), this.point(event));
      return;
    }
    this.travel += event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY;
    const steps = Math.trunc(this.travel / WHEEL_STEP);
    if (!steps) return;
    this.travel = 0;
    this.meaning.scroll(Math.sign(steps)); // one notch, one frame, on every mouse
  }
}

/** Frames that a key scrolls. @type {{[key: string]: number}} */
export const STEPS = {
  ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity,
};

/** Keys work wherever the focus is, except where a control has its own use for them.
 *  @param {(steps: number) => void} scroll @param {(factor: number) => void} zoom @param {() => void} reset */
export function listenToKeys(scroll, zoom, reset) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    if (event.key in STEPS) scroll(STEPS[event.key]);
    else if (event.key === '+' || event.key === '=') zoom(1.25);
    else if (event.key === '-') zoom(0.8);
    else if (event.key === '0') reset();
    else return;
    event.preventDefault();
  });
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
}

/** @param {Point} a @param {Point} b @returns {Point} */
function middle(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
