/**
 * What doctors said of frames: which are key images, in their order, and how a presentation state wants a frame to lie. The
 * manifest tells both; layers.js has what lies over frames.
 *
 * @typedef {import('../stage/viewport.js').Size} Size
 * @typedef {import('../stage/viewport.js').Pose} Pose
 * @typedef {import('../stage/viewport.js').Transform} Transform
 * @typedef {{n: number, k: number}} Mark
 * @typedef {{n: number, k: number, turns: number, mirrored: boolean, area: number[] | null}} Displayed
 *          turns: as of a pose; area: left, top, right, bottom as shares of the picture's sides
 */
import { key, press } from '../stage/controls.js';
import { FIT, UPRIGHT, fitted, placed, turned } from '../stage/viewport.js';
import { words } from './words.js';

/** The mark after the frame in view: the next of the list, or the first. @param {Mark[]} marks @param {Mark} at
 *  @returns {Mark} */
export function following(marks, at) {
  const here = marks.map(({ n, k }) => n === at.n && k === at.k).lastIndexOf(true);
  return marks[(here + 1) % marks.length];
}

/** A button that goes from one key image to the next. */
export class KeyImages {
  /** @param {import('../viewer.js').Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {Mark[]} */
    this.marks = viewer.keyImages.filter(({ n }) => viewer.series.some((series) => series.n === n));
    this.button = key('', () => this.next());
    this.button.id = 'key-images';
    this.button.hidden = this.marks.length === 0;
    this.mark();
  }

  next() {
    const { series, k } = this.viewer.state.view;
    const to = following(this.marks, { n: series.n, k });
    const other = this.viewer.series.filter(({ n }) => n === to.n)[0];
    if (other !== series) this.viewer.state.open(other);
    this.viewer.state.goTo(to.k);
  }

  /** Which of them is in view. */
  mark() {
    const { series, k } = this.viewer.state.view;
    const at = this.marks.findIndex((mark) => mark.n === series.n && mark.k === k);
    this.button.textContent = words.keyImages(at + 1, this.marks.length);
    press(this.button, at >= 0);
  }
}

/** The transform under which an area of the picture fills the stage. @param {number[]} area @param {Size} picture
 *  @param {Size} stage @param {Pose} pose @param {number} largest @returns {Transform} */
export function filling([left, top, right, bottom], picture, stage, pose, largest) {
  const fit = fitted(turned(picture, pose), stage);
  const [width, height] = pose.turns % 2 ? [bottom - top, right - left] : [right - left, bottom - top];
  const share = Math.min(stage.width / (fit.width * width), stage.height / (fit.height * height));
  const zoom = Math.max(1, Math.min(largest, share));
  const at = placed({ x: (left + right) / 2, y: (top + bottom) / 2 }, fit, { zoom, x: 0, y: 0 }, pose);
  return { zoom, x: -at.x, y: -at.y };
}

/** A wish holds when its frame comes into view; what the reader then changes stays as long as frames are wanted alike. */
export class StatesOfDisplay {
  /** @param {import('../viewer.js').Viewer} viewer @param {() => void} posed */
  constructor(viewer, posed) {
    this.viewer = viewer;
    this.posed = posed;
    /** What holds now. @type {Displayed | null} */
    this.at = null;
    this.follow();
  }

  /** @returns {Displayed | null} */
  wanted() {
    const { series, k } = this.viewer.state.view;
    return this.viewer.displayed.filter((one) => one.n === series.n && one.k === k)[0] || null;
  }

  /** Another frame is in view. */
  follow() {
    const wanted = this.wanted();
    if (alike(wanted, this.at)) return;
    this.at = wanted;
    const { viewport, state } = this.viewer;
    const { inverted } = viewport.pose;
    const pose = wanted ? { turns: wanted.turns, mirrored: wanted.mirrored, inverted }
      : Object.assign({}, UPRIGHT, { inverted });
    this.viewer.pose(pose);
    const picture = { width: state.view.series.columns, height: state.view.series.rows };
    this.viewer.move(wanted && wanted.area
      ? filling(wanted.area, picture, viewport.size(), pose, viewport.largestZoom(Math.max(picture.width, picture.height))) : FIT);
    this.posed();
  }

  /** The viewer laid everything back: the next frame counts anew. */
  forget() {
    this.at = null;
  }
}

/** @param {Displayed | null} a @param {Displayed | null} b */
function alike(a, b) {
  if (!a || !b) return a === b;
  return a.n === b.n && a.turns === b.turns && a.mirrored === b.mirrored && String(a.area) === String(b.area);
}
