/**
 * Three planes through one volume, at right angles to each other, which can be turned away from the patient's axes:
 * what the picture of each shows, and where the others cross it. Knows no screen.
 *
 * Vectors go along the patient's axes: to the left, to the back, to the head. A point is told in mm from the middle of
 * the box that all cuts fill. A picture has in its middle the point of its plane that is nearest to the middle of the
 * box, and shows all of the box. It lies as the picture of the patient's axes does, tilted the shortest way: so it
 * stays when its plane turns within itself, and the lines of the others turn.
 *
 * @typedef {'axial' | 'coronal' | 'sagittal'} Plane
 * @typedef {{[plane in Plane]: number}} Cuts  a cut of each plane, from 1; or how many there are
 * @typedef {number[]} Vector
 * @typedef {number[]} Quaternion  w, x, y, z; of length 1
 * @typedef {{x: number, y: number}} Share  of a picture's width and height
 * @typedef {{right: Vector, down: Vector, through: Vector, tilt: Quaternion, width: number, height: number}} View
 */

/** @type {Plane[]} */
export const PLANES = ['axial', 'coronal', 'sagittal'];
/** Of each plane: to the right of its picture, down it, and to the next cut. @type {{[plane in Plane]: Vector[]}} */
const WAYS = {
  axial: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  coronal: [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
  sagittal: [[0, 1, 0], [0, 0, -1], [1, 0, 0]],
};
/** Whose cuts follow each other along each axis. @type {Plane[]} */
const ALONG = ['sagittal', 'coronal', 'axial'];
/** @type {Quaternion} */
export const STRAIGHT = [1, 0, 0, 0];
const ROUNDED = 1e-6;

/** @param {Vector} a @param {Vector} b */
export function dot(a, b) {
  return a.reduce((sum, one, i) => sum + one * b[i], 0);
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** @param {Vector} start @param {Vector} way @param {number} times @returns {Vector} */
export function plus(start, way, times) {
  return start.map((one, i) => one + way[i] * times);
}

/** @param {Quaternion} q @returns {Quaternion} */
function unit(q) {
  return q.map((one) => one / Math.sqrt(dot(q, q)));
}

/** @param {Quaternion} q @param {Vector} vector @returns {Vector} */
function turned(q, vector) {
  const axis = q.slice(1), beside = cross(axis, vector);
  return plus(plus(vector, beside, 2 * q[0]), cross(axis, beside), 2);
}

/** The turn `first`, and then `then`. @param {Quaternion} then @param {Quaternion} first @returns {Quaternion} */
function both(then, first) {
  const [a, b] = [then.slice(1), first.slice(1)];
  return unit([then[0] * first[0] - dot(a, b)].concat(plus(plus(cross(a, b), b, then[0]), a, first[0])));
}

/** @param {Quaternion} turn */
export function isStraight(turn) {
  return Math.abs(turn[0]) > 1 - ROUNDED;
}

/** The planes, turned within the picture of one of them: to the right is clockwise. @returns {Quaternion}
 *  @param {Quaternion} turn @param {View} view @param {number} degrees */
export function turnedIn(turn, view, degrees) {
  const half = (degrees * Math.PI) / 360;
  return both([Math.cos(half)].concat(cross(view.right, view.down).map((one) => one * Math.sin(half))), turn);
}

/** What a picture shows. @param {Plane} plane @param {Quaternion} turn @param {Vector} box  its sides @returns {View} */
export function viewOf(plane, turn, box) {
  const ways = WAYS[plane], through = turned(turn, ways[2]), cosine = dot(ways[2], through);
  const tilt = cosine < ROUNDED - 1 ? [0].concat(ways[0]) : unit([1 + cosine].concat(cross(ways[2], through)));
  const [right, down] = [turned(tilt, ways[0]), turned(tilt, ways[1])];
  const [width, height] = [right, down].map((way) => dot(way.map(Math.abs), box));
  return { right, down, through, tilt, width, height };
}

/** Degrees between a plane and the patient's own. @param {Plane} plane @param {View} view */
export function tiltOf(plane, view) {
  return (Math.acos(Math.max(-1, Math.min(1, dot(WAYS[plane][2], view.through)))) * 180) / Math.PI;
}

/** Where a point lies in a picture, or in front of it. @param {View} view @param {Vector} point @returns {Share} */
export function placeOf(view, point) {
  return { x: 0.5 + dot(view.right, point) / view.width, y: 0.5 + dot(view.down, point) / view.height };
}

/** The point that a finger in a picture moves the crossing to. @param {View} view @param {Share} place
 *  @param {Vector} point  where the crossing is @returns {Vector} */
export function pointAt(view, place, point) {
  const here = placeOf(view, point);
  return plus(plus(point, view.right, (place.x - here.x) * view.width), view.down, (place.y - here.y) * view.height);
}

/** On the way to a point, as far as the box goes. @param {Vector} from  in the box @param {Vector} to
 *  @param {Vector} box @returns {Vector} */
export function within(from, to, box) {
  const parts = to.map((one, i) => (Math.abs(one) > box[i] / 2 ? (Math.sign(one) * box[i] / 2 - from[i]) / (one - from[i]) : 1));
  return plus(from, plus(to, from, -1), Math.max(0, Math.min(...parts)));
}

/** Both ends of the line in which another plane crosses a picture. @returns {Share[]}
 *  @param {View} view @param {View} other @param {Vector} point  where they cross */
export function lineOf(view, other, point) {
  const { x, y } = placeOf(view, point), way = cross(view.through, other.through);
  const [dx, dy] = [dot(way, view.right) / view.width, dot(way, view.down) / view.height];
  return [-1, 1].map((sign) => {
    const far = [[x, dx * sign], [y, dy * sign]]
      .filter(([, change]) => Math.abs(change) > ROUNDED / 1000)
      .map(([at, change]) => ((change > 0 ? 1 : 0) - at) / change);
    const times = Math.max(0, Math.min(...far)) * sign;
    return { x: x + dx * times, y: y + dy * times };
  });
}

/** mm from a cut to the next. @param {Plane} plane @param {Cuts} counts @param {Vector} box */
export function stepOf(plane, counts, box) {
  return box[ALONG.indexOf(plane)] / counts[plane];
}

/** The middle of the cuts that cross in a point. @param {Cuts} at @param {Cuts} counts @param {Vector} box
 *  @returns {Vector} */
export function pointOf(at, counts, box) {
  return ALONG.map((plane, i) => ((at[plane] - 0.5) / counts[plane] - 0.5) * box[i]);
}

/** The cuts along the patient's axes that are nearest to a point. @param {Vector} point @param {Cuts} counts
 *  @param {Vector} box @returns {Cuts} */
export function cutsAt(point, counts, box) {
  const [sagittal, coronal, axial] = ALONG.map((plane, i) => clampCut((point[i] / box[i] + 0.5) * counts[plane] + 0.5, counts[plane]));
  return { axial, coronal, sagittal };
}

/** The cuts in the middle. @param {Cuts} counts @returns {Cuts} */
export function middles(counts) {
  const [axial, coronal, sagittal] = PLANES.map((plane) => Math.ceil(counts[plane] / 2));
  return { axial, coronal, sagittal };
}

/** @param {number} k @param {number} count */
export function clampCut(k, count) {
  return Math.max(1, Math.min(count, Math.round(k) || 1));
}

/** Where a picture lies that fits into an element: its corner, and its scale.
 *  @param {{width: number, height: number}} box @param {{width: number, height: number}} picture */
function fitted(box, picture) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height };
}

/** What a browser calls a place of an element, as shares of the picture that fits into it. @returns {Share}
 *  @param {{x: number, y: number}} point  from the element's corner @param {{width: number, height: number}} box
 *  @param {{width: number, height: number}} picture */
export function shareOf(point, box, picture) {
  const { left, top, width, height } = fitted(box, picture);
  const share = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
  return { x: share((point.x - left) / width), y: share((point.y - top) / height) };
}

/** The other way round. @param {Share} share @param {{width: number, height: number}} box
 *  @param {{width: number, height: number}} picture */
export function spotOf(share, box, picture) {
  const { left, top, width, height } = fitted(box, picture);
  return { x: left + share.x * width, y: top + share.y * height };
}
