/** The viewer's door to a server that says nothing. Run with `npm test`. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Api, Cancelled } from '../../viewer_static/viewer/loading/api.js';

/** A server whose answers are given one after the other; the last one again and again. */
const server = (/** @type {Array<(signal: AbortSignal) => Promise<unknown>>} */ ...answers) => {
  const asked = [];
  globalThis.window = Object.assign(new EventTarget(), {});
  globalThis.fetch = (url, { signal }) => {
    asked.push(url);
    return answers[Math.min(asked.length, answers.length) - 1](signal);
  };
  return asked;
};
const until = (/** @type {AbortSignal} */ signal) => new Promise((_, reject) => {
  signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
});
const answer = (/** @type {(signal: AbortSignal) => Promise<Blob>} */ blob, length = 0) => async (/** @type {AbortSignal} */ signal) => ({
  ok: true, status: 200, headers: new Headers({ 'Content-Length': String(length) }), blob: () => blob(signal),
});
const picture = answer(async () => new Blob(['picture']));

/** Lets the clock go on until the promise is settled; what came of it, and after how many seconds. */
async function settled(context, promise, most = 600) {
  let told;
  promise.then((value) => { told = { value }; }, (fault) => { told = { fault }; });
  for (let s = 0; s <= most; s += 1) {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    if (told) return { ...told, s };
    context.mock.timers.tick(1000);
  }
  return { s: Infinity };
}

test('a request without an answer ends, is tried again once, and then it is told', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = server(until);
  const told = [];
  const api = new Api('/exams/1', (trouble) => told.push(trouble));
  const { fault, s } = await settled(context, api.frame(1, 2, null, undefined, undefined));
  assert.equal(fault.message, 'no answer');
  assert.equal(asked.length, 2);
  assert.ok(s >= 60 && s < 70, String(s));
  assert.deepEqual(told, [true, false]);
});

test('a picture that comes at the second try is shown', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = server(until, picture);
  const { value } = await settled(context, new Api('', () => {}).frame(1, 2, null, undefined, undefined));
  assert.equal(value.size, 7);
  assert.equal(asked.length, 2);
});

test('a body that stands still ends too, and a large one has more time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  server(answer(until), answer(until, 4_000_000), picture);
  const { fault, s } = await settled(context, new Api('', () => {}).blob('/values.bin'), 3000);
  assert.equal(fault.message, 'no answer');
  assert.ok(s >= 60 + 60 + 1000 && s < 1130, String(s));
});

test('what nobody waits for any more is given up at once and not tried again', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = server(until);
  const controller = new AbortController();
  const waiting = new Api('', () => {}).frame(1, 2, null, undefined, controller.signal);
  controller.abort();
  const { fault } = await settled(context, waiting);
  assert.ok(fault instanceof Cancelled);
  assert.equal(asked.length, 1);
});
