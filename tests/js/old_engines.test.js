/**
 * Scripts of patients run in engines of 2017. One newer token, and a whole file does not run. Run with `npm test`.
 *
 * Modules themselves are younger in some engines than ES2017, but each engine of 2018 and later has them, and an engine
 * without them still shows the first picture, the exam's page and every single picture, which need no script. `import()`
 * came in 2019 and breaks the parsing of a file: acorn refuses it here, and late modules come by `<script type="module">`.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const acorn = await import('acorn').catch(() => null);
const skip = acorn ? false : 'acorn of npm is missing: run npm ci';
const ROOT = new URL('../../', import.meta.url);

/** @param {string} folder @param {string} ending @returns {string[]} */
function files(folder, ending) {
  const found = readdirSync(new URL(folder, ROOT), { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map((one) => `${one.parentPath || one.path}/${one.name}`);
  return paths.filter((path) => path.endsWith(ending)).map((path) => path.replace(/\/+/g, '/'));
}

/** @param {string} text @param {'module' | 'script'} sourceType */
const fault = (text, sourceType) => {
  try {
    acorn.parse(text, { ecmaVersion: 2017, sourceType });
    return null;
  } catch (refused) {
    return refused.message;
  }
};

test('every script that is served has no syntax beyond ES2017', { skip }, () => {
  const scripts = files('viewer_static', '.js');
  assert.ok(scripts.length > 30);
  const kind = (/** @type {string} */ path) => (path.includes('/viewer_static/viewer/') ? 'module' : 'script');
  const faults = scripts.map((path) => [path, fault(readFileSync(path, 'utf8'), kind(path))]);
  assert.deepEqual(faults.filter(([, found]) => found), []);
});

test('the script of the page that goes with the originals has no syntax beyond ES2017', { skip }, () => {
  const page = readFileSync(new URL('templates/takeaway/index.html', ROOT), 'utf8');
  const scripts = page.match(/<script>[^]*?<\/script>/g) || [];
  assert.equal(scripts.length, 1);
  const text = scripts[0].replace(/<\/?script>/g, '').replace(/\{\{[^}]*\}\}/g, '0');
  assert.equal(fault(text, 'script'), null);
});

test('no page asks for a preload of modules, and no script waits for one', () => {
  const pages = files('templates', '.html').map((path) => [path, readFileSync(path, 'utf8')]);
  assert.ok(pages.length > 50);
  assert.deepEqual(pages.filter(([, text]) => /rel="?modulepreload/.test(text)).map(([path]) => path), []);
});

test('the judge finds what is newer', { skip }, () => {
  const newer = ['a?.b;', 'a ?? b;', '({ ...a });', 'try { a(); } catch { b(); }', 'import("./a.js");', 'a ??= b;', '2n;'];
  newer.forEach((text) => assert.notEqual(fault(text, 'script'), null, text));
});
