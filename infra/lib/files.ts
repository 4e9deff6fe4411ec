// The page's files as they lie in its bucket: what each is, and for how long a browser may keep it.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

export interface PageFile {
  /** Where it lies here. */
  readonly path: string;
  readonly key: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/vnd.microsoft.icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** `main-ABcd1234.js`: what is in it is in its name. As `is_hashed` in `service/src/page.rs` has it. */
const HASHED = /[^/]-[A-Za-z0-9_-]{8}\.[^./]+$/;

/** As our own server says it. */
const FOR_EVER = readFileSync(new URL('../../service/src/page-for-ever.txt', import.meta.url), 'utf8').trim();
const ASK_AGAIN = 'no-cache';

/** The index is the last: what it names is there before it. */
export function pageFiles(folder: string): PageFile[] {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    // The distribution compresses by itself.
    .filter((path) => statSync(path).isFile() && !/\.(br|gz)$/.test(path))
    .map((path) => described(folder, path));
  const rank = ({ key }: PageFile): number => (key === 'index.html' ? 1 : 0);
  const files = found.sort((a, b) => rank(a) - rank(b) || a.key.localeCompare(b.key));
  if (files.at(-1)?.key !== 'index.html') throw new Error(`${folder} holds no page: build it by \`make page\``);
  return files;
}

function described(folder: string, path: string): PageFile {
  const contentType = TYPES[extname(path)];
  if (contentType === undefined) throw new Error(`of what type is ${path}?`);
  const key = relative(folder, path).split(sep).join('/');
  return { path, key, contentType, cacheControl: HASHED.test(key) ? FOR_EVER : ASK_AGAIN };
}
