/**
 * Where a picture lies on the stage. The maths is pure, in CSS pixels from the stage's centre; `Viewport` draws.
 * screen.js chooses which picture, gestures.js what fingers mean.
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{zoom: number, x: number, y: number}} Transform  zoom 1 fits the stage; x, y: the picture's centre
 * @typedef {{x: number, y: number}} Point
 * @typedef {{turns: number, mirrored: boolean, inverted: boolean}} Pose  turns: quarters to the right, after mirroring
 */

export const FIT = /** @type {Transform} */ ({ zoom: 1, x: 0, y: 0 });
export const UPRIGHT = /** @type {Pose} */ ({ turns: 0, mirrored: false, inverted: false });
const LARGEST_ZOOM = 8;
const LARGEST_SIDE = 2048; // phones refuse or reload on canvases beyond 4096

/** The picture's size on the stage at zoom 1. @param {Size} picture @param {Size} stage @returns {Size} */
export function fitted(picture, stage) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

/** The picture as it lies: width and height change places with each quarter. @param {Size} picture @param {Pose} pose */
export function turned(picture, pose) {
  return pose.turns % 2 ? { width: picture.height, height: picture.width } : picture;
}

/** A place of the picture (shares of its sides) -> the stage. `fit`: of the picture as it lies. @returns {Point}
 *  @param {Point} share @param {Size} fit @param {Transform} transform @param {Pose} pose */
export function placed(share, fit, transform, pose) {
  const size = turned(fit, pose);
  let u = (share.x - 0.5) * size.width * transform.zoom * (pose.mirrored ? -1 : 1);
  let v = (share.y - 0.5) * size.height * transform.zoom;
  for (let i = 0; i < pose.turns; i += 1) [u, v] = [-v, u];
  return { x: transform.x + u, y: transform.y + v };
}

/** The way back of `placed`. @returns {Point}
 *  @param {Point} point @param {Size} fit @param {Transform} transform @param {Pose} pose */
export function shareAt(point, fit, transform, pose) {
  const size = turned(fit, pose);
  let [u, v] = [point.x - transform.x, point.y - transform.y];
  for (let i = 0; i < pose.turns; i += 1) [u, v] = [v, -u];
  return {
    x: (u * (pose.mirrored ? -1 : 1)) / (size.width * transform.zoom) + 0.5,
    y: v / (size.height * transform.zoom) + 0.5,
  };
}

/**
 * Zooms so that the point under the fingers stays under them.
 *
 * @param {Transform} from @param {number} factor @param {Point} point  from the stage's centre
 * @param {number} [largest] @returns {Transform}
 */
export function zoomAt(from, factor, point, largest = LARGEST_ZOOM) {
  const zoom = Math.max(1, Math.min(largest, from.zoom * factor));
  const ratio = zoom / from.zoom;
  return { zoom, x: point.x - (point.x - from.x) * ratio, y: point.y - (point.y - from.y) * ratio };
}

/** The picture never leaves the stage: it is held by its edges. @returns {Transform}
 *  @param {Transform} transform @param {Size} picture  as it lies @param {Size} stage */
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
    this.pose = UPRIGHT;
    /** Tools that draw into the picture, still under its transform. @type {((context: CanvasRenderingContext2D) => void) | null} */
    this.detail = null;
    /** Tools that change grey levels. @type {((context: CanvasRenderingContext2D) => void) | null} */
    this.retouch = null;
    /** Tools that draw over it. */
    this.drawn = () => {};
    /** @type {import('../loading/pictures.js').Picture | null} */
    this.picture = null;
    this.gain = 1;
  }

  /** @returns {Size} */
  size() {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  /** The picture on the stage at zoom 1, as it lies. @returns {Size} */
  fit() {
    return this.picture ? fitted(turned(this.picture, this.pose), this.size()) : { width: 1, height: 1 };
  }

  /** A place of the picture on the stage. @param {Point} share */
  placed(share) {
    return placed(share, this.fit(), this.transform, this.pose);
  }

  /** @param {Point} point  on the stage */
  shareAt(point) {
    return shareAt(point, this.fit(), this.transform, this.pose);
  }

  /** How many device pixels the picture's longest side takes. @returns {number} */
  pixels() {
    const fit = this.fit();
    return Math.max(fit.width, fit.height) * this.transform.zoom * (window.devicePixelRatio || 1);
  }

  /** So far that a pixel of a picture with this many is seen twice as large. @param {number} pixels */
  largestZoom(pixels) {
    const fit = this.fit();
    return Math.max(LARGEST_ZOOM, (2 * pixels) / (Math.max(fit.width, fit.height) * (window.devicePixelRatio || 1)));
  }

  /** @param {import('../loading/pictures.js').Picture | null} picture @param {number} [gain] */
  show(picture, gain = 1) {
    this.picture = picture;
    this.gain = gain;
    this.draw();
  }

  /** @param {Transform} transform */
  move(transform) {
    this.transform = this.picture ? held(transform, turned(this.picture, this.pose), this.size()) : transform;
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
    if (this.picture) this.paint(context, this.picture, ratio);
    this.drawn();
  }

  /** @param {CanvasRenderingContext2D} context @param {import('../loading/pictures.js').Picture} picture
   *  @param {number} ratio */
  paint(context, picture, ratio) {
    const stage = this.size();
    const { turns, mirrored, inverted } = this.pose;
    const { zoom, x, y } = this.transform;
    const size = turned(this.fit(), this.pose);
    const [width, height] = [size.width * zoom, size.height * zoom];
    context.setTransform(ratio, 0, 0, ratio, (stage.width / 2 + x) * ratio, (stage.height / 2 + y) * ratio);
    context.rotate((turns * Math.PI) / 2);
    if (mirrored) context.scale(-1, 1);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, -width / 2, -height / 2, width, height);
    if (this.detail) this.detail(context);
    if (this.retouch) this.retouch(context);
    if (inverted) { // the picture alone: what is beside it stays black
      context.globalCompositeOperation = 'difference';
      context.fillStyle = '#fff';
      context.fillRect(-width / 2, -height / 2, width, height);
      context.globalCompositeOperation = 'source-over';
    }
    this.lighten(context);
  }

  /** The picture as it stands, larger: what lies at `at` comes to `centre`. The clip of the context bounds it.
   *  @param {CanvasRenderingContext2D} context  of a canvas as large as this one @param {Point} at @param {Point} centre
   *  @param {number} factor */
  paintEnlarged(context, at, centre, factor) {
    if (!this.picture) return;
    const own = this.transform;
    this.transform = { zoom: own.zoom * factor, x: centre.x + (own.x - at.x) * factor, y: centre.y + (own.y - at.y) * factor };
    this.paint(context, this.picture, this.canvas.width / Math.max(1, this.size().width));
    this.transform = own;
  }

  /** Lays a picture of the same frame over the one that stands. @param {CanvasRenderingContext2D} context  its origin in the
   *  stage's centre, in CSS pixels @param {import('../loading/pictures.js').Picture} picture */
  lay(context, picture) {
    const { turns, mirrored } = this.pose;
    const { zoom, x, y } = this.transform;
    const size = turned(this.fit(), this.pose);
    context.save();
    context.translate(x, y);
    context.rotate((turns * Math.PI) / 2);
    if (mirrored) context.scale(-1, 1);
    context.drawImage(picture, (-size.width * zoom) / 2, (-size.height * zoom) / 2, size.width * zoom, size.height * zoom);
    context.restore();
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
