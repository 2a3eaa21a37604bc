/**
 * Three planes through one volume: which cut of the others a place in one of them means. All cuts fill the same box, so
 * shares of a picture's sides are shares of the box. Knows no screen.
 *
 * @typedef {'axial' | 'coronal' | 'sagittal'} Plane
 * @typedef {{[plane in Plane]: number}} Cuts  a cut of each plane, from 1; or how many there are
 */

/** @type {Plane[]} */
export const PLANES = ['axial', 'coronal', 'sagittal'];

/** Of each plane: the plane whose cuts follow each other to the right, and the one down (or up) the picture.
 *  @type {{[plane in Plane]: {right: Plane, down: Plane, upward: boolean}}} */
const ACROSS = {
  axial: { right: 'sagittal', down: 'coronal', upward: false },
  coronal: { right: 'sagittal', down: 'axial', upward: true },
  sagittal: { right: 'coronal', down: 'axial', upward: true },
};

/** The cuts in the middle. @param {Cuts} counts @returns {Cuts} */
export function middles(counts) {
  return /** @type {Cuts} */ ({
    axial: Math.ceil(counts.axial / 2), coronal: Math.ceil(counts.coronal / 2), sagittal: Math.ceil(counts.sagittal / 2),
  });
}

/** @param {number} k @param {number} count */
export function clampCut(k, count) {
  return Math.max(1, Math.min(count, Math.round(k) || 1));
}

/** Where the other planes cross a picture of `plane`, as shares of its width and height.
 *  @param {Plane} plane @param {Cuts} at @param {Cuts} counts */
export function crossing(plane, at, counts) {
  const { right, down, upward } = ACROSS[plane];
  const y = (at[down] - 0.5) / counts[down];
  return { x: (at[right] - 0.5) / counts[right], y: upward ? 1 - y : y };
}

/** The cuts that meet in a place of a picture of `plane`. @returns {Cuts}
 *  @param {Plane} plane @param {{x: number, y: number}} place  shares of width and height
 *  @param {Cuts} at @param {Cuts} counts */
export function meeting(plane, place, at, counts) {
  const { right, down, upward } = ACROSS[plane];
  const y = upward ? 1 - place.y : place.y;
  return Object.assign({}, at, {
    [right]: clampCut(place.x * counts[right] + 0.5, counts[right]),
    [down]: clampCut(y * counts[down] + 0.5, counts[down]),
  });
}

/** What a browser calls a place of an element, as shares of the picture that fits into it.
 *  @param {{x: number, y: number}} point  from the element's corner @param {{width: number, height: number}} box
 *  @param {{width: number, height: number}} picture */
export function shareOf(point, box, picture) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const left = (box.width - picture.width * scale) / 2;
  const top = (box.height - picture.height * scale) / 2;
  const share = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
  return { x: share((point.x - left) / (picture.width * scale)), y: share((point.y - top) / (picture.height * scale)) };
}
