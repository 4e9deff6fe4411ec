// What the API serves, read off its own document: which addresses are its own and not the page's, and which are for
// everybody.

import { readFileSync } from 'node:fs';

const DOCUMENT = new URL('../../service/openapi.json', import.meta.url);

interface Operation {
  /** `[{}]` is nobody's token; nothing said is anybody's. */
  readonly security?: readonly object[];
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as { paths: Paths };

const asksForNobody = ({ security }: Operation): boolean => security?.some((way) => Object.keys(way).length === 0) ?? false;

/** What anybody may read. Signing in stands open in the document too, but here the pool of people does that. */
export const OPEN: readonly string[] = Object.entries(paths)
  .filter(([, operations]) => operations['get'] !== undefined && asksForNobody(operations['get']))
  .map(([path]) => path);

/** Addresses of the API, as a distribution matches them. */
export const OF_THE_API: readonly string[] = [...new Set([...Object.keys(paths).map(pattern), '/xfer/'])].sort();

/** `/xcode/{id}/cancel` lies below `/xcode/*`, and `/upload` is alone. */
function pattern(path: string): string {
  const [, first, ...below] = path.split('/');
  return below.length === 0 ? `/${first}` : `/${first}/*`;
}
