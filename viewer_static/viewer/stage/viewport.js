/**
 * Where a picture lies on the stage. The maths is pure, in CSS pixels from the stage's centre; `Viewport` draws.
 * screen.js chooses which picture, gestures.js what fingers mean.
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{zoom: number, x: number, y: number}} Transform  zoom 1 fits the stage; x, y: the picture's centre
 */

export const FIT = /** @type {Transform} */ ({ zoom: 1, x: 0, y: 0 });
const LARGEST_ZOOM = 8;
const LARGEST_SIDE = 2048; // phones refuse or reload on canvases beyond 4096

/** The picture's size on the stage at zoom 1. @param {Size} picture @param {Size} stage @returns {Size} */
export function fitted(picture, stage) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * Zooms so that the point under the fingers stays under them.
 *
 * @param {Transform} from @param {number} factor @param {{x: number, y: number}} point  from the stage's centre
 * @returns {Transform}
 */
export function zoomAt(from, factor, point) {
  const zoom = Math.max(1, Math.min(LARGEST_ZOOM, from.zoom * factor));
  const ratio = zoom / from.zoom;
  return { zoom, x: point.x - (point.x - from.x) * ratio, y: point.y - (point.y - from.y) * ratio };
}

/** The picture never leaves the stage: it is held by its edges. @returns {Transform}
 *  @param {Transform} transform @param {Size} picture @param {Size} stage */
export function held(transform, picture, stage) {
  const fit = fitted(picture, stage);
  const spareX = Math.max(0, (fit.width * transform.zoom - stage.width) / 2);
  const spareY = Math.max(0, (fit.height * transform.zoom - stage.height) / 2);
  return {
    zoom: transform.zoom,
    x: Math.max(-spareX, Math.min(spareX, transform.x)),
    y: Math.max(-spareY, Math.min(spareY, transform.y)),
  };
}

/** Device pixels per CSS pixel, bounded so that the canvas stays small. @param {Size} stage @param {number} ratio */
export function density(stage, ratio) {
  return Math.min(ratio, 2, LARGEST_SIDE / Math.max(stage.width, stage.height, 1));
}

export class Viewport {
  /** @param {HTMLCanvasElement} canvas @param {HTMLElement} stage */
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.transform = FIT;
    /** @type {import('../loading/pictures.js').Picture | null} */
    this.picture = null;
    this.gain = 1;
  }

  /** @returns {Size} */
  size() {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  /** How many device pixels the picture's longest side takes. @returns {number} */
  pixels() {
    if (!this.picture) return 0;
    const fit = fitted(this.picture, this.size());
    return Math.max(fit.width, fit.height) * this.transform.zoom * (window.devicePixelRatio || 1);
  }

  /** @param {import('../loading/pictures.js').Picture | null} picture @param {number} [gain] */
  show(picture, gain = 1) {
    this.picture = picture;
    this.gain = gain;
    this.draw();
  }

  /** @param {Transform} transform */
  move(transform) {
    this.transform = this.picture ? held(transform, this.picture, this.size()) : transform;
    this.draw();
  }

  draw() {
    const stage = this.size();
    const ratio = density(stage, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(stage.width * ratio));
    const height = Math.max(1, Math.round(stage.height * ratio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, width, height);
    this.canvas.dataset.zoom = this.transform.zoom.toFixed(2);
    if (!this.picture) return;
    const fit = fitted(this.picture, stage);
    const { zoom, x, y } = this.transform;
    context.setTransform(ratio, 0, 0, ratio, (stage.width / 2 + x) * ratio, (stage.height / 2 + y) * ratio);
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.picture, (-fit.width * zoom) / 2, (-fit.height * zoom) / 2, fit.width * zoom, fit.height * zoom);
    this.lighten(context);
  }

  /** Every grey level times the gain: dodging divides by 1 - s, multiplying is what it says. Old WebViews know both.
   *  @param {CanvasRenderingContext2D} context */
  lighten(context) {
    if (this.gain === 1) return;
    const share = Math.round(255 * (this.gain > 1 ? 1 - 1 / this.gain : this.gain));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = this.gain > 1 ? 'color-dodge' : 'multiply';
    context.fillStyle = `rgb(${share}, ${share}, ${share})`;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.globalCompositeOperation = 'source-over';
  }
}
