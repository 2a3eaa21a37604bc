/** The viewer's pure maths: what needs no screen. Run with `npm test`. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { backOff, splitBatch } from '../../viewer_static/viewer/loading/api.js';
import { frameTime } from '../../viewer_static/viewer/stage/cine.js';
import { stepLength } from '../../viewer_static/viewer/stage/gestures.js';
import { Lru, Pictures } from '../../viewer_static/viewer/loading/pictures.js';
import { around, plan } from '../../viewer_static/viewer/loading/plan.js';
import { State, clampFrame, middle, readPlace } from '../../viewer_static/viewer/state.js';
import { density, fitted, held, zoomAt } from '../../viewer_static/viewer/stage/viewport.js';
import { presetsFor, windowKey } from '../../viewer_static/viewer/stage/window_level.js';

const ct = { n: 1, frames: 143, rows: 512, columns: 512, modality: 'CT', description: '', window: null };
const always = () => true;
const never = () => false;

test('a stack opens with the previews at the eye and its full frame, then every eighth preview and the others in turns', () => {
  const tasks = plan({ k: 70, frames: 143, settled: true, windowed: false }, always, always);
  assert.deepEqual(tasks[0], { kind: 'previews', from: 61, count: 10, step: 1 });
  assert.deepEqual(tasks[1], { kind: 'full', k: 70 });
  assert.deepEqual(tasks[2], { kind: 'previews', from: 71, count: 10, step: 1 });
  assert.deepEqual(tasks[3], { kind: 'previews', from: 1, count: 18, step: 8 });
  assert.deepEqual(tasks[4], { kind: 'previews', from: 41, count: 20, step: 1 });
  assert.equal(tasks.filter((task) => task.kind === 'previews').length, 10);
  assert.deepEqual(tasks[tasks.length - 1], { kind: 'full', k: 64 });
});

test('the batches cover every frame once and the last one is short', () => {
  const covered = plan({ k: 1, frames: 143, settled: false, windowed: false }, always, always)
    .filter((task) => task.step === 1)
    .flatMap((task) => Array.from({ length: task.count }, (_, i) => task.from + i));
  assert.deepEqual(covered.sort((a, b) => a - b), Array.from({ length: 143 }, (_, i) => i + 1));
});

test('half a block that is here is not fetched again with the other half', () => {
  const lacks = (/** @type {number} */ k) => k < 61 || k > 70;
  const near = plan({ k: 5, frames: 143, settled: false, windowed: false }, lacks, never).filter(({ step }) => step === 1);
  const covered = near.flatMap(({ from, count }) => Array.from({ length: count }, (_, i) => from + i));
  assert.deepEqual(covered.sort((a, b) => a - b), Array.from({ length: 143 }, (_, i) => i + 1).filter(lacks));
});

test('every eighth frame of a long stack is in one of the first batches, and a short stack has none of them', () => {
  const sparse = (/** @type {number} */ frames) => plan({ k: 1, frames, settled: false, windowed: false }, always, always)
    .filter((task) => task.step === 8)
    .flatMap((task) => Array.from({ length: task.count }, (_, i) => task.from + 8 * i));
  for (const frames of [41, 143, 160, 161, 168, 500]) {
    const wanted = Array.from({ length: Math.ceil(frames / 8) }, (_, i) => 1 + 8 * i);
    assert.deepEqual(sparse(frames).sort((a, b) => a - b), wanted);
  }
  assert.deepEqual(sparse(40), []);
});

test('no full frame is fetched while the finger moves', () => {
  const tasks = plan({ k: 70, frames: 143, settled: false, windowed: false }, never, always);
  assert.deepEqual(tasks, []);
});

test('another window loads the frame under the eye first, then its neighbours', () => {
  const tasks = plan({ k: 2, frames: 5, settled: true, windowed: true }, never, always);
  assert.deepEqual(tasks.map((task) => task.k), [2, 3, 1, 4, 5]);
});

test('neighbours stop at the ends of the stack', () => {
  assert.deepEqual(around(1, 3, 6), [2, 3]);
});

test('a batch is cut into its frames and an empty one means it cannot be shown', async () => {
  const bytes = new Uint8Array([0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 9]);
  const [first, second, third] = splitBatch(bytes.buffer);
  assert.deepEqual(new Uint8Array(await first.arrayBuffer()), new Uint8Array([7, 8]));
  assert.equal(second, null);
  assert.equal(third.size, 1);
});

test('a batch that was cut off is refused, not shown in part', () => {
  assert.throws(() => splitBatch(new Uint8Array([0, 0, 0, 9, 1]).buffer), /inside a frame/);
  assert.throws(() => splitBatch(new Uint8Array([0, 0]).buffer), /inside a length/);
});

test('the wait between tries doubles up to its limit', () => {
  assert.deepEqual([0, 1, 2, 9].map(backOff), [500, 1000, 2000, 8000]);
});

test('the point under the fingers stays there while zooming', () => {
  const point = { x: 40, y: -30 };
  const from = { zoom: 1.5, x: 10, y: 5 };
  const to = zoomAt(from, 2, point);
  assert.equal(to.zoom, 3);
  assert.equal((point.x - to.x) / to.zoom, (point.x - from.x) / from.zoom);
  assert.equal((point.y - to.y) / to.zoom, (point.y - from.y) / from.zoom);
});

test('zoom ends at the fit and at eight times', () => {
  assert.equal(zoomAt({ zoom: 1, x: 0, y: 0 }, 0.1, { x: 0, y: 0 }).zoom, 1);
  assert.equal(zoomAt({ zoom: 1, x: 0, y: 0 }, 100, { x: 0, y: 0 }).zoom, 8);
});

test('a picture is held by its edges', () => {
  const stage = { width: 360, height: 400 };
  assert.deepEqual(fitted({ width: 512, height: 512 }, stage), { width: 360, height: 360 });
  assert.deepEqual(held({ zoom: 2, x: 999, y: -999 }, { width: 512, height: 512 }, stage), { zoom: 2, x: 180, y: -160 });
  assert.deepEqual(held({ zoom: 1, x: 50, y: 50 }, { width: 512, height: 512 }, stage), { zoom: 1, x: 0, y: 0 });
});

test('a canvas never grows beyond what phones bear', () => {
  const ratio = density({ width: 3000, height: 1500 }, 3);
  assert.ok(3000 * ratio <= 2048);
  assert.equal(density({ width: 360, height: 500 }, 3), 2);
});

test('the least recently used goes first, and says so', () => {
  const dropped = [];
  const lru = new Lru(3, () => 1, (value) => dropped.push(value));
  ['a', 'b', 'c'].forEach((key) => lru.set(key, key));
  lru.get('a');
  lru.set('d', 'd');
  assert.deepEqual(dropped, ['b']);
  assert.equal(lru.weight, 3);
  assert.ok(lru.has('a'));
});

test('a frame number is clamped and a place in the address is read', () => {
  assert.equal(clampFrame(0, 5), 1);
  assert.equal(clampFrame(99, 5), 5);
  assert.equal(clampFrame(NaN, 5), 1);
  assert.deepEqual(readPlace('#2/40', { n: 1, k: 1 }), { n: 2, k: 40 });
  assert.deepEqual(readPlace('#<b>', { n: 1, k: 7 }), { n: 1, k: 7 });
});

test('a film plays at its own frame time, and at the usual one where it tells none or nonsense', () => {
  assert.deepEqual([33.3, 100, null, undefined, 0, -5, NaN, 1, 60000].map(frameTime), [33.3, 100, 80, 80, 80, 80, 80, 16, 2000]);
});

test('a stack opens in its middle, a film at its start', () => {
  assert.equal(middle(ct), 72);
  assert.equal(middle({ ...ct, modality: 'US' }), 1);
});

test('listeners hear a change once and nothing when nothing changed', () => {
  const state = new State({ series: [ct] }, { n: 1, k: 10 });
  const heard = [];
  state.onChange((view) => heard.push(view.k));
  state.goTo(11);
  state.goTo(11);
  state.goTo(999);
  assert.deepEqual(heard, [11, 143]);
});

test('CT offers the windows of its organs; others brighter, darker, softer, harder, as far as a window is known', () => {
  assert.deepEqual(presetsFor('CT', null).map((one) => windowKey(one.window)), ['', '-600,1500', '40,400', '400,1800', '35,90', '50,300', '200,700']);
  assert.deepEqual(presetsFor('MR', { center: 500, width: 1000 }).map((one) => windowKey(one.window)), ['', '300,1000', '700,1000', '500,1500', '500,666.67']);
  const gains = presetsFor('MR', null).map((one) => [one.name, one.window, one.gain]);
  assert.deepEqual(gains, [['standard', null, 1], ['brighter', null, 1.6], ['darker', null, 1 / 1.6]]);
});

test('one sweep of the finger crosses a long stack, and a short one is not nervous', () => {
  assert.equal(stepLength(1000, 400), 5);
  assert.equal(stepLength(3, 400), 28);
});

test('to save data only the frame under the eye and the batch around it are fetched', () => {
  const tasks = plan({ k: 70, frames: 143, settled: true, windowed: false, saving: true }, always, always);
  assert.deepEqual(tasks.map((task) => task.kind), ['previews', 'full']);
  assert.deepEqual([tasks[0].from, tasks[0].count, tasks[1].k], [61, 10, 70]);
});

test('a picture that is asked for twice is decoded once, and none that may stand on the stage is closed', async () => {
  let made = 0, closed = 0;
  globalThis.createImageBitmap = async () => {
    made += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { width: 1, height: 1, close: () => { closed += 1; } };
  };
  const pictures = new Pictures();
  pictures.add('a', new Blob(['x']));
  const [one, other] = await Promise.all([pictures.decode('a'), pictures.decode('a')]);
  assert.equal(one, other);
  assert.deepEqual([made, closed], [1, 0]);
  assert.equal(pictures.decoding.size, 0);
  assert.equal(await pictures.decode('b'), undefined);
});
