/**
 * The magnifier: while the picture is held, a round lens shows what lies under the finger or the mouse twice as large, with
 * all pixels that are at hand. It is drawn over the picture, and moves nothing.
 *
 * @typedef {import('../stage/viewport.js').Point} Point
 */
const FACTOR = 2;
const SHARE = 0.28; // of the stage's shorter side: the radius
const LARGEST = 150; // CSS pixels
const ABOVE = 28; // CSS pixels between a finger and the lens, which it would hide

export class Lens {
  /** @param {import('../viewer.js').Viewer} viewer @param {() => void} changed */
  constructor(viewer, changed) {
    this.viewer = viewer;
    this.changed = changed;
    /** What is looked at, on the stage; null while nothing is held. @type {Point | null} */
    this.at = null;
    this.isTouched = false;
  }

  /** @param {import('../stage/gestures.js').Grip} grip @returns {import('../stage/gestures.js').Tool} */
  tool(grip) {
    const look = (/** @type {Point | null} */ at) => { this.at = at; this.changed(); };
    this.isTouched = grip === 'touch';
    return { draws: true, down: look, move: look, up: () => look(null) };
  }

  /** @param {CanvasRenderingContext2D} context  its origin in the stage's centre, in CSS pixels */
  draw(context) {
    const { viewport } = this.viewer;
    this.viewer.stage.dataset.lens = this.at ? String(FACTOR) : '';
    if (!this.at || !viewport.picture) return;
    const radius = Math.min(LARGEST, SHARE * Math.min(viewport.size().width, viewport.size().height));
    const centre = lensCentre(this.at, radius, viewport.size(), this.isTouched);
    context.save();
    context.beginPath();
    context.arc(centre.x, centre.y, radius, 0, 2 * Math.PI);
    context.clip();
    context.fillStyle = '#000';
    context.fillRect(centre.x - radius, centre.y - radius, 2 * radius, 2 * radius);
    if (viewport.retouch) this.enlargeScreen(context, this.at, centre, radius);
    else viewport.paintEnlarged(context, this.at, centre, FACTOR);
    context.restore();
    context.beginPath();
    context.arc(centre.x, centre.y, radius, 0, 2 * Math.PI);
    context.strokeStyle = '#fff';
    context.lineWidth = 2;
    context.stroke();
  }

  /** What a tool did to the grey levels of the screen, it did to the screen alone. @param {CanvasRenderingContext2D} context
   *  @param {Point} at @param {Point} centre @param {number} radius */
  enlargeScreen(context, at, centre, radius) {
    const { canvas, viewport } = this.viewer;
    const { width, height } = viewport.size();
    const ratio = canvas.width / Math.max(1, width), seen = radius / FACTOR;
    context.drawImage(canvas, (at.x + width / 2 - seen) * ratio, (at.y + height / 2 - seen) * ratio, 2 * seen * ratio, 2 * seen * ratio,
      centre.x - radius, centre.y - radius, 2 * radius, 2 * radius);
  }
}

/** Where the lens lies: over what is looked at, above a finger, and always whole on the stage. @returns {Point}
 *  @param {Point} at @param {number} radius @param {{width: number, height: number}} stage @param {boolean} isTouched */
export function lensCentre(at, radius, stage, isTouched) {
  const kept = (/** @type {number} */ place, /** @type {number} */ side) =>
    Math.max(radius - side / 2, Math.min(side / 2 - radius, place));
  const above = at.y - radius - ABOVE;
  const hasRoom = above - radius >= -stage.height / 2;
  return { x: kept(at.x, stage.width), y: kept(!isTouched ? at.y : hasRoom ? above : at.y + radius + ABOVE, stage.height) };
}
