/**
 * The maths of two pictures side by side: which slice of the other lies at the same place, which mammograms belong
 * together, and how large each is drawn so that both have one scale. Knows no screen.
 *
 * @typedef {import('./places.js').Place} Place
 * @typedef {{n: number, k: number, laterality: string, projection: string, mirrored: boolean}} Mammogram
 */
import { ofFrame } from './places.js';

const SAME_DIRECTION = 0.9; // cosine of two normals
const ORDER = ['CC', 'MLO']; // views that are read first

/** Millimetres along the normal of frame k; null where its place is unknown. @param {Place} place @param {number} k */
export function depth(place, k) {
  const position = ofFrame(place.positions, k), normal = normalOf(place, k);
  return position && normal ? dot(position, normal) : null;
}

/** @param {Place} place @param {number} k @returns {number[] | null} */
function normalOf(place, k) {
  const o = ofFrame(place.orientations, k);
  return o && [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]];
}

/** @param {number[]} a @param {number[]} b */
function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** The frame of `other` that lies where frame k of `one` lies, `offset` mm further on. Where places are unknown or the
 *  directions differ, the same share of the stack.
 *  @param {Place | null} one @param {number} k @param {number} frames @param {Place | null} other @param {number} others
 *  @param {number} [offset] @returns {{k: number, byPlace: boolean}} */
export function partner(one, k, frames, other, others, offset = 0) {
  const share = { k: Math.max(1, Math.min(others, Math.round(((k - 0.5) / frames) * others + 0.5))), byPlace: false };
  if (!one || !other) return share;
  const [at, a, b] = [depth(one, k), normalOf(one, k), normalOf(other, 1)];
  if (at === null || !a || !b || Math.abs(dot(a, b)) < SAME_DIRECTION) return share;
  let best = 0, nearest = Infinity;
  for (let i = 1; i <= others; i += 1) {
    const position = ofFrame(other.positions, i);
    if (!position) return share;
    const far = Math.abs(dot(position, a) - at - offset);
    if (far < nearest) [best, nearest] = [i, far];
  }
  return { k: best, byPlace: true };
}

/** Whether two stacks overlap in space by at least half of the shorter. @param {Place} one @param {number} frames
 *  @param {Place} other @param {number} others */
export function overlap(one, frames, other, others) {
  const [a, b, c, d] = [depth(one, 1), depth(one, frames), depth(other, 1), depth(other, others)];
  if (a === null || b === null || c === null || d === null) return false;
  const shared = Math.min(Math.max(a, b), Math.max(c, d)) - Math.max(Math.min(a, b), Math.min(c, d));
  return shared >= Math.min(Math.abs(a - b), Math.abs(c - d)) / 2;
}

/** Where the slice `j` of another series cuts frame k of this one: the two ends of the line, as shares of the picture. Null
 *  where it does not, where the two are parallel, or where nobody knows that both lie in one space.
 *  @param {Place} one @param {number} k @param {Place} other @param {number} j
 *  @returns {[import('./places.js').Point, import('./places.js').Point] | null} */
export function crossing(one, k, other, j) {
  const [space, size] = [ofFrame(one.spaces || [], k), ofFrame(one.sizes, k)];
  const [o, at] = [ofFrame(one.orientations, k), ofFrame(one.positions, k)];
  const [normal, through] = [normalOf(other, j), ofFrame(other.positions, j)];
  if (!space || space !== ofFrame(other.spaces || [], j) || !size || !o || !at || !normal || !through) return null;
  // across * x + down * y = far: the points of this picture that lie in the other slice
  const across = size.width * dot(o.slice(0, 3), normal), down = size.height * dot(o.slice(3), normal);
  const far = dot(through, normal) - dot(at, normal);
  const own = /** @type {number[]} */ (normalOf(one, k));
  if (Math.abs(dot(own, normal)) > SAME_DIRECTION) return null;
  const ends = [0, 1].map((x) => ({ x, y: (far - across * x) / down })).concat([0, 1].map((y) => ({ x: (far - down * y) / across, y })))
    .filter(({ x, y }) => x >= 0 && x <= 1 && y >= 0 && y <= 1);
  const [a] = ends, b = ends.filter((end) => Math.abs(end.x - a.x) + Math.abs(end.y - a.y) > 1e-6)[0];
  return b ? [a, b] : null;
}

/** How much smaller than fitted each is drawn, so that a millimetre is as long in both. @param {number | null} one  mm a
 *  pixel @param {number | null} other @returns {[number, number] | null}  null where a scale is unknown */
export function oneScale(one, other) {
  if (!one || !other) return null;
  const most = Math.max(one, other);
  return [one / most, other / most];
}

/** The mammograms of a series. @param {number} n @param {number} frames @param {Place} place @returns {Mammogram[]} */
export function mammograms(n, frames, place) {
  const found = [];
  for (let k = 1; k <= frames; k += 1) {
    const view = ofFrame(place.views, k), sides = ofFrame(place.sides, k);
    if (!view || !view.projection || (view.laterality !== 'R' && view.laterality !== 'L')) continue;
    // the chest walls meet in the middle: the right breast points to the left, the left one to the right
    const away = sides ? (view.laterality === 'R' ? 'A' : 'P') : '';
    const mirrored = Boolean(sides && sides[0].charAt(0) === away);
    found.push({ n, k, laterality: view.laterality, projection: view.projection, mirrored });
  }
  return found;
}

/** Right and left of one view together, the usual views first. @param {Mammogram[]} all
 *  @returns {Array<{projection: string, right: Mammogram, left: Mammogram}>} */
export function hangings(all) {
  const names = all.map((one) => one.projection).filter((name, i, names_) => names_.indexOf(name) === i);
  const rank = (/** @type {string} */ name) => (ORDER.indexOf(name) + 1) || ORDER.length + 1;
  return names.sort((a, b) => rank(a) - rank(b)).map((projection) => {
    const of = (/** @type {string} */ side) => all.filter((one) => one.projection === projection && one.laterality === side)[0];
    return { projection, right: of('R'), left: of('L') };
  }).filter(({ right, left }) => right && left);
}
