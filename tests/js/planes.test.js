/** The crossing of three planes: there and back, in the patient's directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLANES, clampCut, crossing, meeting, middles, shareOf } from '../../viewer_static/viewer/mpr/planes.js';

const COUNTS = { axial: 143, coronal: 512, sagittal: 500 };

test('a place in a picture leads to the cuts whose lines cross there', () => {
  PLANES.forEach((plane) => {
    for (let i = 1; i <= 20; i += 1) {
      const place = { x: (i * 7 % 20) / 20, y: i / 20 };
      const at = meeting(plane, place, middles(COUNTS), COUNTS);
      const found = crossing(plane, at, COUNTS);
      assert.ok(Math.abs(found.x - place.x) < 1 / 100 && Math.abs(found.y - place.y) < 1 / 100);
      assert.equal(at[plane], middles(COUNTS)[plane]);
    }
  });
});

test('the head is on top and the front at the left of a sagittal', () => {
  const at = middles(COUNTS);
  assert.deepEqual(meeting('coronal', { x: 0, y: 0 }, at, COUNTS), { axial: 143, coronal: 256, sagittal: 1 });
  assert.deepEqual(meeting('sagittal', { x: 0, y: 1 }, at, COUNTS), { axial: 1, coronal: 1, sagittal: 250 });
  assert.deepEqual(meeting('axial', { x: 1, y: 1 }, at, COUNTS), { axial: 72, coronal: 512, sagittal: 500 });
});

test('cuts stay within the volume, and a finger beside the picture is at its edge', () => {
  assert.equal(clampCut(0, 9), 1);
  assert.equal(clampCut(99, 9), 9);
  assert.equal(clampCut(NaN, 9), 1);
  const box = { width: 200, height: 100 };
  assert.deepEqual(shareOf({ x: 100, y: 50 }, box, { width: 50, height: 50 }), { x: 0.5, y: 0.5 });
  assert.deepEqual(shareOf({ x: 10, y: 99 }, box, { width: 50, height: 50 }), { x: 0, y: 0.99 });
});
