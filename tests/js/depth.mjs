/** Draws values as the viewer does: a JSON object {body, windows} on standard input, grey levels on standard output. */
import { readFileSync } from 'node:fs';
import { levels, parsed } from '../../viewer_static/viewer/tools/depth.js';

const asked = JSON.parse(readFileSync(0, 'utf8'));
const bytes = Uint8Array.from(Buffer.from(asked.body, 'base64'));
const depth = parsed(bytes.buffer);
const drawn = asked.windows.map((window) => {
  const table = levels(depth, window);
  return Buffer.from(Array.from(depth.values, (value) => table[value])).toString('base64');
});
const { rows, columns, window } = depth;
process.stdout.write(JSON.stringify({ rows, columns, window, drawn }));
