/** The tools' pure maths: where a turned picture lies, lengths, angles, directions, windows under a drag. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { angleAt, edges, ellipseArea, isMeasurable, lengthOf, ofFrame, roundLength, sizeAt } from '../../viewer_static/viewer/tools/places.js';
import { crossing, hangings, mammograms, oneScale, overlap, partner } from '../../viewer_static/viewer/tools/pairing.js';
import { lensCentre } from '../../viewer_static/viewer/tools/lens.js';
import { levelFor, tilesOf } from '../../viewer_static/viewer/tools/tiles.js';
import { stepped, turnFrom } from '../../viewer_static/viewer/tools/turntable.js';
import { curve, dragged } from '../../viewer_static/viewer/tools/windowing.js';
import { placed, shareAt } from '../../viewer_static/viewer/stage/viewport.js';

const AXIAL = [1, 0, 0, 0, 1, 0];
const UPRIGHT = { turns: 0, mirrored: false, inverted: false };
const SIZE = { width: 400, height: 200, at: 'patient' };

test('a place of a picture that is turned and mirrored comes back from the stage', () => {
  let poses = 0;
  for (const turns of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      const pose = { turns, mirrored, inverted: false };
      const fit = turns % 2 ? { width: 100, height: 300 } : { width: 300, height: 100 };
      const moved = { zoom: 2.5, x: 17, y: -40 };
      for (const share of [{ x: 0, y: 0 }, { x: 0.3, y: 0.9 }, { x: 1, y: 0.5 }]) {
        const back = shareAt(placed(share, fit, moved, pose), fit, moved, pose);
        assert.ok(Math.abs(back.x - share.x) < 1e-9 && Math.abs(back.y - share.y) < 1e-9);
      }
      poses += 1;
    }
  }
  assert.equal(poses, 8);
  const at = (/** @type {object} */ pose) => placed({ x: 1, y: 0.5 }, { width: 100, height: 100 }, { zoom: 1, x: 0, y: 0 }, Object.assign({}, UPRIGHT, pose));
  assert.deepEqual(at({ turns: 1 }), { x: 0, y: 50 }); // the right edge lies below after a quarter to the right
  assert.deepEqual(at({ mirrored: true }), { x: -50, y: 0 });
});

test('lengths are those of the patient also where pixels are not square', () => {
  assert.equal(lengthOf({ x: 0.25, y: 0.5 }, { x: 0.75, y: 0.5 }, SIZE), 200);
  assert.equal(lengthOf({ x: 0.5, y: 0 }, { x: 0.5, y: 1 }, SIZE), 200);
  assert.equal(lengthOf({ x: 0, y: 0 }, { x: 0.75, y: 2 }, SIZE), 500);
});

test('angles and areas follow the millimetres, not the pixels', () => {
  assert.ok(Math.abs(angleAt({ x: 1, y: 0 }, { x: 0, y: 0 }, { x: 0, y: 1 }, SIZE) - 90) < 1e-9);
  assert.ok(Math.abs(angleAt({ x: 0.5, y: 1 }, { x: 0, y: 0 }, { x: 1, y: 0 }, SIZE) - 45) < 1e-9);
  assert.ok(Math.abs(ellipseArea({ x: 0, y: 0 }, { x: 0.1, y: 0.1 }, SIZE) - (Math.PI / 4) * 40 * 20) < 1e-9);
});

test('ultrasound is measured inside one of its regions alone, and nothing is measured where no size is told', () => {
  const place = { unit: null, sizes: [null], positions: [null], orientations: [null], regions: [[[0.1, 0.1, 0.5, 0.9, 80, 60]]] };
  assert.deepEqual(sizeAt(place, 1, [{ x: 0.2, y: 0.2 }, { x: 0.4, y: 0.8 }]), { width: 80, height: 60, at: 'patient' });
  assert.equal(sizeAt(place, 1, [{ x: 0.2, y: 0.2 }, { x: 0.6, y: 0.8 }]), null);
  assert.equal(isMeasurable(place, 1), true);
  assert.equal(isMeasurable(Object.assign({}, place, { regions: [[]] }), 1), false);
  assert.equal(ofFrame([1, 2], 2), 2);
  assert.equal(ofFrame([1, 2], 3), null);
  assert.equal(ofFrame([7], 3), 7);
});

test('the patient\'s directions turn with the picture', () => {
  assert.deepEqual(edges(AXIAL, UPRIGHT), { right: '左', bottom: '后', left: '右', top: '前' });
  assert.deepEqual(edges([1, 0, 0, 0, 0, -1], UPRIGHT), { right: '左', bottom: '足', left: '右', top: '头' });
  const turned = (/** @type {object} */ pose) => edges(AXIAL, Object.assign({}, UPRIGHT, pose));
  assert.deepEqual(turned({ turns: 1 }), { right: '前', bottom: '左', left: '后', top: '右' });
  assert.deepEqual(turned({ mirrored: true }), { right: '右', bottom: '后', left: '左', top: '前' });
  assert.deepEqual(turned({ mirrored: true, turns: 2 }), { right: '左', bottom: '前', left: '右', top: '后' });
  assert.equal(edges([0.8, 0.6, 0, -0.6, 0.8, 0], UPRIGHT).right, '左后');
  assert.equal(edges(null, UPRIGHT), null);
});

test('a scale has a round length', () => {
  assert.deepEqual([120, 60, 49, 21, 10, 0.4].map(roundLength), [100, 50, 20, 20, 10, 0.2]);
});

test('a drag to the right widens the window, one downwards raises its centre, and small fractions stay whole', () => {
  const from = { center: 40, width: 400 };
  assert.ok(dragged(from, 50, 0).width > 450);
  assert.equal(dragged(from, 0, 64).center, 140);
  assert.ok(dragged({ center: 0.5, width: 1 }, -2000, 0).width > 0);
  assert.ok(dragged(from, -5000, 0).width >= 1);
});

test('grey levels under another window are those that the server would draw', () => {
  const levels = curve({ center: 0, width: 2000 }, { center: -600, width: 1500 });
  for (const value of [-900, -600, -100, 100]) {
    const shown = Math.round((value / 2000 + 0.5) * 255);
    const wanted = Math.max(0, Math.min(255, ((value + 600) / 1500 + 0.5) * 255));
    assert.ok(Math.abs(levels[shown] - wanted) < 2);
  }
  assert.deepEqual(Array.from(curve({ center: 0, width: 10 }, { center: 0, width: 10 })), Array.from({ length: 256 }, (_, i) => i));
});

test('tiles of the needed level cover the part in view, nearest to its middle first', () => {
  assert.deepEqual([2, 1, 0.6, 0.5, 0.3, 0.25, 0.01].map((pixels) => levelFor(pixels, 3)), [0, 0, 0, 1, 1, 2, 2]);
  const picture = { rows: 2400, columns: 2000 };
  const all = tilesOf({ left: 0, top: 0, right: 1, bottom: 1 }, 0, picture, 512);
  assert.equal(all.length, 4 * 5);
  const some = tilesOf({ left: 0.3, top: 0.5, right: 0.5, bottom: 0.6 }, 0, picture, 512);
  assert.deepEqual(some.map(({ x, y }) => `${x},${y}`).sort(), ['1,2']);
  assert.deepEqual(tilesOf({ left: 0, top: 0, right: 1, bottom: 1 }, 2, picture, 512).length, 2);
  const [first] = tilesOf({ left: 0.5, top: 0.5, right: 1, bottom: 1 }, 0, picture, 512);
  assert.deepEqual([first.x, first.y], [2, 3]);
});

test('a turn is fetched from the front to both sides and closes', () => {
  assert.deepEqual(turnFrom(1, 6), [1, 2, 6, 3, 5, 4]);
  assert.equal(new Set(turnFrom(30, 36)).size, 36);
  assert.deepEqual([stepped(36, 1, 36), stepped(1, -1, 36), stepped(5, 40, 36)], [1, 36, 9]);
});

const STACK = (/** @type {number} */ from, /** @type {number} */ step, /** @type {number} */ frames) => ({
  unit: null, sizes: [null], regions: [[]], orientations: [AXIAL], sides: [null], views: [null],
  positions: Array.from({ length: frames }, (_, i) => [0, 0, from + step * i]),
});

test('the partner of a slice lies at the same place, else at the same share of the stack', () => {
  const one = STACK(0, 2, 60), other = STACK(12, 8, 12);
  assert.deepEqual(partner(one, 30, 60, other, 12), { k: 7, byPlace: true });
  assert.deepEqual(partner(one, 30, 60, other, 12, 16), { k: 9, byPlace: true });
  assert.equal(partner(other, 12, 12, one, 60).k, 51);
  assert.deepEqual(partner(null, 30, 60, other, 12), { k: 6, byPlace: false });
  const coronal = Object.assign({}, other, { orientations: [[1, 0, 0, 0, 0, -1]] });
  assert.equal(partner(one, 30, 60, coronal, 12).byPlace, false);
  assert.equal(overlap(one, 60, other, 12), true);
  assert.equal(overlap(one, 60, STACK(500, 2, 60), 60), false);
});

test('both pictures get the scale of the coarser one', () => {
  assert.deepEqual(oneScale(0.5, 1), [0.5, 1]);
  assert.equal(oneScale(null, 1), null);
});

test('mammograms are hung in pairs, CC before MLO, and mirrored when they point the wrong way', () => {
  const of = (/** @type {string} */ side, /** @type {string} */ view, /** @type {string} */ rows) => Object.assign(STACK(0, 1, 1), {
    views: [{ laterality: side, projection: view }], sides: [[rows, 'F']],
  });
  const all = [['L', 'MLO', 'A'], ['R', 'MLO', 'P'], ['R', 'CC', 'A'], ['L', 'CC', 'AR'], ['L', 'XCCL', 'A']]
    .map(([side, view, rows], i) => mammograms(i + 1, 1, of(side, view, rows)))
    .reduce((list, some) => list.concat(some), []);
  assert.deepEqual(all.map((one) => one.mirrored), [false, false, true, false, false]);
  const hung = hangings(all);
  assert.deepEqual(hung.map((one) => [one.projection, one.right.n, one.left.n]), [['CC', 3, 4], ['MLO', 2, 1]]);
});

test('a slice cuts another one where both lie in one space, and nowhere else', () => {
  const place = (/** @type {object} */ told) => Object.assign({ unit: null, sizes: [{ width: 200, height: 100, at: 'patient' }],
    regions: [[]], sides: [null], views: [null], spaces: ['a'] }, told);
  const axial = place({ orientations: [AXIAL], positions: [[-100, -50, 10], [-100, -50, 20]] });
  const sagittal = place({ orientations: [[0, 1, 0, 0, 0, -1]], positions: [[-40, -100, 60]] });
  const near = (/** @type {Array<{x: number, y: number}> | null} */ line, /** @type {number[]} */ ...ends) => {
    const told = (line || []).map(({ x, y }) => [x, y]).reduce((all, end) => all.concat(end), []);
    assert.equal(told.length, 4);
    told.forEach((one, i) => assert.ok(Math.abs(one - ends[i]) < 1e-9, String(told)));
  };
  near(crossing(axial, 1, sagittal, 1), 0.3, 0, 0.3, 1);
  near(crossing(sagittal, 1, axial, 1), 0, 0.5, 1, 0.5);
  near(crossing(sagittal, 1, axial, 2), 0, 0.4, 1, 0.4);
  assert.equal(crossing(axial, 1, axial, 2), null); // parallel
  assert.equal(crossing(axial, 1, place({ orientations: [[0, 1, 0, 0, 0, -1]], positions: [[400, 0, 0]] }), 1), null); // beside it
  for (const missing of [{ spaces: ['b'] }, { spaces: [null] }, { positions: [null] }, { orientations: [null] }]) {
    assert.equal(crossing(axial, 1, Object.assign({}, sagittal, missing), 1), null);
  }
  assert.equal(crossing(Object.assign({}, axial, { sizes: [null] }), 1, sagittal, 1), null);
  const slanted = place({ orientations: [[0, 1, 0, Math.SQRT1_2, 0, -Math.SQRT1_2]], positions: [[0, -50, 10]] });
  const [a, b] = crossing(axial, 1, slanted, 1) || [{ x: 0, y: 0 }, { x: 1, y: 1 }];
  assert.equal(a.x, b.x);
});

test('the lens lies over what the mouse looks at, beside a finger, and always whole on the stage', () => {
  const stage = { width: 360, height: 500 };
  assert.deepEqual(lensCentre({ x: 10, y: 20 }, 100, stage, false), { x: 10, y: 20 });
  assert.deepEqual(lensCentre({ x: 170, y: 240 }, 100, stage, false), { x: 80, y: 150 });
  assert.deepEqual(lensCentre({ x: 0, y: 100 }, 100, stage, true), { x: 0, y: -28 });
  assert.deepEqual(lensCentre({ x: 0, y: -100 }, 100, stage, true), { x: 0, y: 28 }); // no room above
});
