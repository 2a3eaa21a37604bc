/** Pure maths of what lies over pictures and of marked frames. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOver, nearest } from '../../viewer_static/viewer/tools/layers.js';
import { filling, following } from '../../viewer_static/viewer/tools/marks.js';
import { placed, fitted, turned } from '../../viewer_static/viewer/stage/viewport.js';

const LAYER = { labels: [], frames: { 2: [5, 9] }, address: '/o/1/series/{n}/frames/{k}.png' };

test('a layer leads to its nearest frame, and has an address over its own frames alone', () => {
  assert.equal(nearest(LAYER, 2, 1), 5);
  assert.equal(nearest(LAYER, 2, 8), 9);
  assert.equal(nearest(LAYER, 1, 5), null);
  assert.equal(addressOver(LAYER, 2, 9), '/o/1/series/2/frames/9.png');
  assert.equal(addressOver(LAYER, 2, 8), null);
  assert.equal(addressOver(LAYER, 1, 5), null);
});

test('key images follow each other in the list, round and round, also where one is named twice', () => {
  const marks = [{ n: 1, k: 9 }, { n: 2, k: 1 }, { n: 1, k: 3 }];
  assert.deepEqual(following(marks, { n: 1, k: 9 }), marks[1]);
  assert.deepEqual(following(marks, { n: 1, k: 3 }), marks[0]);
  assert.deepEqual(following(marks, { n: 5, k: 5 }), marks[0]);
});

test('a displayed area fills the stage in any pose and stays whole on it', () => {
  let poses = 0;
  const picture = { width: 400, height: 200 }, stage = { width: 300, height: 500 };
  for (const turns of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      const pose = { turns, mirrored, inverted: false };
      const area = [0.5, 0.25, 0.75, 0.75];
      const transform = filling(area, picture, stage, pose, 8);
      const fit = fitted(turned(picture, pose), stage);
      const corners = [[0.5, 0.25], [0.75, 0.75]].map(([x, y]) => placed({ x, y }, fit, transform, pose));
      const wide = Math.abs(corners[0].x - corners[1].x), high = Math.abs(corners[0].y - corners[1].y);
      assert.ok(Math.abs(corners[0].x + corners[1].x) < 1e-9 && Math.abs(corners[0].y + corners[1].y) < 1e-9);
      assert.ok(wide <= stage.width + 1e-9 && high <= stage.height + 1e-9);
      assert.ok(Math.abs(wide - stage.width) < 1e-9 || Math.abs(high - stage.height) < 1e-9);
      poses += 1;
    }
  }
  assert.equal(poses, 8);
  assert.equal(filling([0, 0, 0.001, 0.001], picture, stage, { turns: 0, mirrored: false, inverted: false }, 8).zoom, 8);
});
