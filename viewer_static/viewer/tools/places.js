/**
 * Where the pictures of a series lie in the patient and how large they are: asked of the server once a series, and the
 * maths of lengths, angles and directions. Knows no screen.
 *
 * @typedef {{x: number, y: number}} Point  shares of a picture's width and height
 * @typedef {{width: number, height: number, at: 'patient' | 'detector'}} Size  mm of the whole picture
 * @typedef {{unit: string | null, sizes: Array<Size | null>, regions: number[][][], positions: Array<number[] | null>,
 *            orientations: Array<number[] | null>, spaces?: Array<string | null>, sides: Array<string[] | null>,
 *            windows?: Array<Array<{name: string, center: number, width: number}>>,
 *            views: Array<{laterality: string, projection: string} | null>}} Place  a list with one entry holds for every picture
 */
import { words } from './words.js';

/** @type {{[letter: string]: number[]}} */
const LETTERS = { L: [1, 0, 0], R: [-1, 0, 0], P: [0, 1, 0], A: [0, -1, 0], H: [0, 0, 1], F: [0, 0, -1] };
const SEEN = 0.34; // a direction is named when it leads at least 20 degrees that way

/** @template T @param {T[]} list @param {number} k @returns {T | null} */
export function ofFrame(list, k) {
  const found = list.length === 1 ? list[0] : list[k - 1];
  return found === undefined ? null : found;
}

/** What the whole picture measures where these points lie; null where nobody knows. @returns {Size | null}
 *  @param {Place} place @param {number} k @param {Point[]} points */
export function sizeAt(place, k, points) {
  const regions = ofFrame(place.regions, k) || [];
  if (!regions.length) return ofFrame(place.sizes, k);
  const holds = (/** @type {number[]} */ [left, top, right, bottom]) =>
    points.every(({ x, y }) => x >= left && x <= right && y >= top && y <= bottom);
  const found = regions.filter(holds)[0];
  return found ? { width: found[4], height: found[5], at: 'patient' } : null;
}

/** Whether any part of the picture can be measured. @param {Place} place @param {number} k */
export function isMeasurable(place, k) {
  return ofFrame(place.sizes, k) !== null || (ofFrame(place.regions, k) || []).length > 0;
}

/** Millimetres. @param {Point} a @param {Point} b @param {Size} size */
export function lengthOf(a, b, size) {
  const [dx, dy] = [(a.x - b.x) * size.width, (a.y - b.y) * size.height];
  return Math.sqrt(dx * dx + dy * dy);
}

/** Degrees between two legs. @param {Point} a @param {Point} vertex @param {Point} b @param {Size} size */
export function angleAt(a, vertex, b, size) {
  const [ax, ay] = [(a.x - vertex.x) * size.width, (a.y - vertex.y) * size.height];
  const [bx, by] = [(b.x - vertex.x) * size.width, (b.y - vertex.y) * size.height];
  return (Math.abs(Math.atan2(ax * by - ay * bx, ax * bx + ay * by)) * 180) / Math.PI;
}

/** Square millimetres of an ellipse in a box. @param {Point} a @param {Point} b @param {Size} size */
export function ellipseArea(a, b, size) {
  return (Math.PI / 4) * Math.abs(a.x - b.x) * size.width * Math.abs(a.y - b.y) * size.height;
}

/** Rows and columns of a picture as six numbers: by its place, or by the letters of a projection.
 *  @param {Place} place @param {number} k @returns {number[] | null} */
export function orientationOf(place, k) {
  const sides = ofFrame(place.sides, k);
  return ofFrame(place.orientations, k) || (sides && vectorOf(sides[0]).concat(vectorOf(sides[1])));
}

/** The first letter leads. @param {string} letters */
function vectorOf(letters) {
  return letters.split('').reduce((sum, letter, i) => sum.map((one, axis) => one + LETTERS[letter][axis] / (1 + i / 2)), [0, 0, 0]);
}

/** The directions of the patient at the edges of the screen. @returns {{right: string, bottom: string, left: string,
 *  top: string} | null} @param {number[] | null} orientation @param {import('../stage/viewport.js').Pose} pose */
export function edges(orientation, pose) {
  if (!orientation) return null;
  const turn = (/** @type {number[]} */ vector) => vector.map((one) => -one);
  let [right, down] = [orientation.slice(0, 3), orientation.slice(3)];
  if (pose.mirrored) right = turn(right);
  for (let i = 0; i < pose.turns; i += 1) [right, down] = [turn(down), right];
  return { right: named(right), bottom: named(down), left: named(turn(right)), top: named(turn(down)) };
}

/** @param {number[]} vector */
function named(vector) {
  return /** @type {Array<'x' | 'y' | 'z'>} */ (['x', 'y', 'z'])
    .map((axis, i) => ({ size: Math.abs(vector[i]), word: words.sides[axis][vector[i] > 0 ? 1 : 0] }))
    .filter(({ size }) => size > SEEN)
    .sort((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ word }) => word)
    .join('');
}

/** A round length that is at most so many mm: 1, 2 or 5 times a power of ten. @param {number} most */
export function roundLength(most) {
  const power = Math.pow(10, Math.floor(Math.log10(most)));
  return [5, 2, 1].map((digit) => digit * power).filter((length) => length <= most)[0] || power;
}

export class Places {
  /** @param {import('../loading/api.js').Api} api @param {() => void} arrived */
  constructor(api, arrived) {
    this.api = api;
    this.arrived = arrived;
    /** @type {Map<number, Place | null>} */
    this.known = new Map();
  }

  /** Null until it is here. @param {number} n @returns {Place | null} */
  of(n) {
    const found = this.known.get(n);
    if (found !== undefined) return found;
    this.known.set(n, null);
    this.api.json(`${this.api.base}/series/${n}/places.json`).then(
      (place) => { this.known.set(n, place); this.arrived(); },
      () => { this.known.delete(n); }, // the next look asks again; an ended session is told by the pictures
    );
    return null;
  }
}
