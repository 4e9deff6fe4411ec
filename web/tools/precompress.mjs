// Writes NAME.br and NAME.gz beside every file of the page that gets smaller by it, and gates the initial load.
//
//   node tools/precompress.mjs dist/page
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const INITIAL_MOST = 85_000;
const folder = process.argv[2];

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });

const files = readdirSync(folder, { recursive: true })
  .filter((name) => /\.(js|css|html|svg|json|txt)$/.test(name))
  .filter((name) => statSync(join(folder, name)).isFile());
const sizes = new Map();
for (const name of files) {
  const bytes = readFileSync(join(folder, name));
  for (const [ending, small] of [
    ['br', brotli(bytes)],
    ['gz', gzipSync(bytes, { level: 9 })],
  ]) {
    if (ending === 'br') sizes.set(name, Math.min(small.length, bytes.length));
    if (small.length < bytes.length) writeFileSync(join(folder, `${name}.${ending}`), small);
  }
}

// What the browser fetches before anything shows: the index and what it names.
const index = readFileSync(join(folder, 'index.html'), 'utf8');
const initial = files.filter((name) => name === 'index.html' || index.includes(`"/${name}"`));
const total = initial.reduce((sum, name) => sum + sizes.get(name), 0);
console.log(
  `initial load ${(total / 1000).toFixed(1)} kB by brotli, of ${INITIAL_MOST / 1000} kB: ${initial.join(', ')}`,
);
if (total > INITIAL_MOST) {
  console.error('The initial load is too large.');
  process.exit(1);
}
