/**
 * What to load for a place in the stack, and in which order. Pure: the caller says what is lacking, and loader.js
 * carries the plan out.
 *
 * @typedef {{kind: 'previews', from: number, count: number, step: number}} PreviewTask
 * @typedef {PreviewTask | {kind: 'full', k: number, size?: number}} Task
 */
import { BATCH } from './api.js';

export const NEAR = 6; // full frames kept ahead on either side
export const SPARSE = 8; // every eighth preview early: no scrolling is black
const HALF = BATCH / 2; // of the block under the eye: its first steps wait for few bytes
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
  const isLong = frames > 2 * BATCH;
  const blocks = missingBatches(k, frames, lacksPreview, 1);
  const nearest = isLong ? halves(blocks, k, lacksPreview) : blocks;
  const sparse = isLong ? missingBatches(k, frames, lacksPreview, SPARSE) : [];
  const batches = saving ? nearest.filter(({ from, count }) => from <= k && k < from + count)
    : nearest.slice(0, 2).concat(inTurns(sparse, nearest.slice(2)));
  /** @type {Task[]} */
  const here = place.settled && lacksFull(k) ? [{ kind: 'full', k }] : [];
  /** @type {Task[]} */
  const near = place.settled && !saving ? around(k, frames, NEAR).filter(lacksFull).map((one) => ({ kind: 'full', k: one })) : [];
  if (place.windowed) return here.concat(near, batches);
  /** @type {Task[]} */
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

/** Fixed blocks of every `step`th frame, so that none is fetched twice; nearest first. @returns {PreviewTask[]}
 *  @param {number} k @param {number} frames @param {(k: number) => boolean} lacks @param {number} step */
function missingBatches(k, frames, lacks, step) {
  const blocks = [];
  for (let from = 1; from <= frames; from += BATCH * step) {
    const count = Math.min(BATCH, Math.ceil((frames - from + 1) / step));
    const distance = Math.max(0, from - k, k - (from + (count - 1) * step));
    if (distance <= REACH && anyLacks(from, count, lacks, step)) blocks.push({ from, count, distance });
  }
  blocks.sort((a, b) => a.distance - b.distance);
  return blocks.map(({ from, count }) => ({ kind: 'previews', from, count, step }));
}

/** The block under the eye in halves, the nearer one first; of half a block that is here the other half.
 *  @param {PreviewTask[]} blocks  nearest first @param {number} k @param {(k: number) => boolean} lacks
 *  @returns {PreviewTask[]} */
function halves(blocks, k, lacks) {
  /** @type {PreviewTask[]} */
  const found = [];
  blocks.forEach((block) => {
    const { kind, from, count, step } = block;
    const parts = [{ kind, from, count: Math.min(HALF, count), step }, { kind, from: from + HALF, count: count - HALF, step }]
      .filter((half) => half.count > 0 && anyLacks(half.from, half.count, lacks, step));
    if (k >= from + HALF) parts.reverse();
    const isUnderEye = from <= k && k < from + count;
    if (isUnderEye || parts.length < 2) found.push(...parts);
    else found.push(block);
  });
  return found;
}

/** One of each: a finger that moves slowly waits as little as one that crosses the stack.
 *  @template T @param {T[]} some @param {T[]} others @returns {T[]} */
function inTurns(some, others) {
  /** @type {T[]} */
  const found = [];
  for (let i = 0; i < Math.max(some.length, others.length); i += 1) found.push(...some.slice(i, i + 1), ...others.slice(i, i + 1));
  return found;
}

/** @param {number} from @param {number} count @param {(k: number) => boolean} lacks @param {number} step */
function anyLacks(from, count, lacks, step) {
  for (let i = 0; i < count; i += 1) if (lacks(from + i * step)) return true;
  return false;
}
