/**
 * What to load for a place in the stack, and in which order. Pure: the caller says what is lacking, and loader.js
 * carries the plan out.
 *
 * @typedef {{kind: 'previews', from: number, count: number, step: number} | {kind: 'full', k: number, size?: number}} Task
 */
import { BATCH } from './api.js';

export const NEAR = 6; // full frames kept ahead on either side
export const SPARSE = 8; // every eighth preview first: no scrolling is black
export const SHARP = 2048; // pixels of the longest side for a zoomed eye; prepared frames have 1024
const REACH = 600; // previews on either side: more would push each other out of memory

/**
 * @param {{k: number, frames: number, settled: boolean, windowed: boolean, saving?: boolean}} place
 *        settled: the finger rests; windowed: not the window the previews have; saving: only what is looked at
 * @param {(k: number) => boolean} lacksPreview @param {(k: number) => boolean} lacksFull
 * @returns {Task[]}  most wanted first
 */
export function plan(place, lacksPreview, lacksFull) {
  const { k, frames, saving } = place;
  const reach = saving ? 0 : REACH;
  const sparse = frames > 2 * BATCH && !saving ? missingBatches(k, frames, lacksPreview, SPARSE, reach) : [];
  const batches = sparse.concat(missingBatches(k, frames, lacksPreview, 1, reach));
  /** @type {Task[]} */
  const here = place.settled && lacksFull(k) ? [{ kind: 'full', k }] : [];
  /** @type {Task[]} */
  const near = place.settled && !saving ? around(k, frames, NEAR).filter(lacksFull).map((one) => ({ kind: 'full', k: one })) : [];
  if (place.windowed) return here.concat(near, batches);
  const urgent = lacksPreview(k) ? batches.slice(0, 1) : [];
  return urgent.concat(here, batches.slice(urgent.length), near);
}

/** Neighbours, nearest first, without k itself. @param {number} k @param {number} frames @param {number} reach */
export function around(k, frames, reach) {
  const found = [];
  for (let step = 1; step <= reach; step += 1) {
    if (k + step <= frames) found.push(k + step);
    if (k - step >= 1) found.push(k - step);
  }
  return found;
}

/** Fixed blocks of every `step`th frame, so that none is fetched twice; nearest first. @returns {Task[]}
 *  @param {number} k @param {number} frames @param {(k: number) => boolean} lacks @param {number} step
 *  @param {number} reach */
function missingBatches(k, frames, lacks, step, reach) {
  const blocks = [];
  for (let from = 1; from <= frames; from += BATCH * step) {
    const count = Math.min(BATCH, Math.ceil((frames - from + 1) / step));
    const distance = Math.max(0, from - k, k - (from + (count - 1) * step));
    if (distance <= reach && anyLacks(from, count, lacks, step)) blocks.push({ from, count, distance });
  }
  blocks.sort((a, b) => a.distance - b.distance);
  return blocks.map(({ from, count }) => ({ kind: 'previews', from, count, step }));
}

/** @param {number} from @param {number} count @param {(k: number) => boolean} lacks @param {number} step */
function anyLacks(from, count, lacks, step) {
  for (let i = 0; i < count; i += 1) if (lacks(from + i * step)) return true;
  return false;
}
