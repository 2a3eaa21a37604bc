/** The crossing of three planes: there and back, in the patient's directions, straight and turned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PLANES, STRAIGHT, clampCut, cutsAt, dot, isStraight, lineOf, middles, placeOf, plus, pointAt, pointOf, shareOf, spotOf, stepOf,
  tiltOf, turnedIn, viewOf, within,
} from '../../viewer_static/viewer/mpr/planes.js';

const COUNTS = { axial: 143, coronal: 512, sagittal: 500 };
const BOX = [350, 360, 286];
const near = (one, other, most = 1e-9) => assert.ok(Math.abs(one - other) <= most, `${one} is not ${other}`);
const alike = (one, other, most) => one.forEach((value, i) => near(value, other[i], most));
const reached = (plane, share, at) => {
  const view = viewOf(plane, STRAIGHT, BOX), point = pointOf(at, COUNTS, BOX);
  return cutsAt(within(point, pointAt(view, share, point), BOX), COUNTS, BOX);
};
/** Turned in all three pictures. */
const TURNED = [['axial', 25], ['coronal', -40], ['sagittal', 70]]
  .reduce((turn, [plane, degrees]) => turnedIn(turn, viewOf(plane, turn, BOX), degrees), STRAIGHT);

test('a place in a picture leads to the cuts whose lines cross there', () => {
  PLANES.forEach((plane) => {
    const view = viewOf(plane, STRAIGHT, BOX);
    for (let i = 1; i <= 20; i += 1) {
      const place = { x: (i * 7 % 20) / 20, y: i / 20 };
      const at = reached(plane, place, middles(COUNTS));
      const found = placeOf(view, pointOf(at, COUNTS, BOX));
      assert.ok(Math.abs(found.x - place.x) < 1 / 100 && Math.abs(found.y - place.y) < 1 / 100);
      assert.equal(at[plane], middles(COUNTS)[plane]);
    }
  });
});

test('the head is on top and the front at the left of a sagittal', () => {
  const at = middles(COUNTS);
  assert.deepEqual(reached('coronal', { x: 0, y: 0 }, at), { axial: 143, coronal: 256, sagittal: 1 });
  assert.deepEqual(reached('sagittal', { x: 0, y: 1 }, at), { axial: 1, coronal: 1, sagittal: 250 });
  assert.deepEqual(reached('axial', { x: 1, y: 1 }, at), { axial: 72, coronal: 512, sagittal: 500 });
});

test('every cut is found again in its own middle, and a step leads to the next', () => {
  for (let k = 1; k <= 143; k += 1) {
    const at = { axial: k, coronal: 3 * k, sagittal: 2 * k };
    const point = pointOf(at, COUNTS, BOX);
    assert.deepEqual(cutsAt(point, COUNTS, BOX), at);
    const next = plus(point, viewOf('axial', STRAIGHT, BOX).through, stepOf('axial', COUNTS, BOX));
    assert.equal(cutsAt(within(point, next, BOX), COUNTS, BOX).axial, Math.min(143, k + 1));
  }
});

test('turning within a picture leaves it as it is, and tilts the other two', () => {
  PLANES.forEach((plane) => {
    [STRAIGHT, TURNED].forEach((turn) => {
      const before = viewOf(plane, turn, BOX), after = viewOf(plane, turnedIn(turn, before, 30), BOX);
      alike(before.right.concat(before.down), after.right.concat(after.down));
      near(before.width, after.width, 1e-6);
    });
    PLANES.forEach((other) => {
      const tilt = tiltOf(other, viewOf(other, turnedIn(STRAIGHT, viewOf(plane, STRAIGHT, BOX), -30), BOX));
      near(tilt, other === plane ? 0 : 30, 1e-5);
    });
  });
});

test('a plane that turns to the right shows its line clockwise', () => {
  const turn = turnedIn(STRAIGHT, viewOf('axial', STRAIGHT, BOX), 20);
  const [one, other] = lineOf(viewOf('axial', turn, BOX), viewOf('coronal', turn, BOX), [0, 0, 0])
    .map(({ x, y }) => ({ x: (x - 0.5) * BOX[0], y: (y - 0.5) * BOX[1] }));
  near((Math.atan2(one.y - other.y, one.x - other.x) * 180) / Math.PI % 180, 20, 1e-6);
});

test('there and back is straight again', () => {
  const view = (turn) => viewOf('coronal', turn, BOX);
  const there = turnedIn(STRAIGHT, view(STRAIGHT), 35);
  assert.ok(!isStraight(there));
  assert.ok(isStraight(turnedIn(there, view(there), -35)));
  assert.ok(isStraight(turnedIn(turnedIn(STRAIGHT, view(STRAIGHT), 180), view(STRAIGHT), 180)));
});

test('a picture stands at right angles, also where it is turned upside down', () => {
  const over = turnedIn(STRAIGHT, viewOf('sagittal', STRAIGHT, BOX), 180);
  [TURNED, over].forEach((turn) => PLANES.forEach((plane) => {
    const { right, down, through, width, height } = viewOf(plane, turn, BOX);
    [[right, down], [right, through], [down, through]].forEach(([a, b]) => near(dot(a, b), 0));
    [right, down, through].forEach((way) => near(dot(way, way), 1));
    for (let corner = 0; corner < 8; corner += 1) {
      const { x, y } = placeOf({ right, down, width, height }, BOX.map((side, i) => (corner & (1 << i) ? side : -side) / 2));
      assert.ok(Math.min(x, y) > -1e-9 && Math.max(x, y) < 1 + 1e-9);
    }
  }));
});

test('the planes stay at right angles to each other, and their lines pass the crossing from edge to edge', () => {
  const point = [40, -30, 25];
  PLANES.forEach((plane) => PLANES.filter((other) => other !== plane).forEach((other) => {
    const [view, beside] = [viewOf(plane, TURNED, BOX), viewOf(other, TURNED, BOX)];
    near(dot(view.through, beside.through), 0);
    const [from, to] = lineOf(view, beside, point), { x, y } = placeOf(view, point);
    near((to.x - from.x) * (y - from.y), (to.y - from.y) * (x - from.x), 1e-9);
    [from, to].forEach((end) => {
      near(Math.min(end.x, end.y, 1 - end.x, 1 - end.y), 0, 1e-9);
      const on = pointAt(view, end, point);
      near(dot(beside.through, on), dot(beside.through, point), 1e-6); // it lies in both planes
      near(dot(view.through, on), dot(view.through, point), 1e-6);
    });
  }));
});

test('the crossing stays in the box, and in the plane in which it is moved', () => {
  const point = [100, 0, 0];
  PLANES.forEach((plane) => {
    const view = viewOf(plane, TURNED, BOX);
    for (let i = 0; i <= 10; i += 1) {
      const to = within(point, pointAt(view, { x: i / 10, y: 1 - i / 20 }, point), BOX);
      near(dot(view.through, to), dot(view.through, point), 1e-6);
      to.forEach((one, axis) => assert.ok(Math.abs(one) <= BOX[axis] / 2 + 1e-9));
    }
  });
  alike(within([0, 0, 0], [10, 20, 30], BOX), [10, 20, 30]);
  alike(within([175, 0, 0], [300, 0, 0], BOX), [175, 0, 0]);
});

test('cuts stay within the volume, and a finger beside the picture is at its edge', () => {
  assert.equal(clampCut(0, 9), 1);
  assert.equal(clampCut(99, 9), 9);
  assert.equal(clampCut(NaN, 9), 1);
  const box = { width: 200, height: 100 };
  assert.deepEqual(shareOf({ x: 100, y: 50 }, box, { width: 50, height: 50 }), { x: 0.5, y: 0.5 });
  assert.deepEqual(shareOf({ x: 10, y: 99 }, box, { width: 50, height: 50 }), { x: 0, y: 0.99 });
  assert.deepEqual(spotOf({ x: 0.5, y: 0.99 }, box, { width: 50, height: 50 }), { x: 100, y: 99 });
});
