// What is done to flags: one of them said or unsaid, two sets compared, and what one has typed put onto what somebody else
// has saved. Whatever a set holds beside what the page knows stays in it.
import type { FlagSet } from '../api/answers';

/** One flag that is not what it was, under the name that `lockgate flag` has for it. */
export interface Change {
  place: string;
  was: string;
  is: string;
}

/** `object` with this one said. Nothing, or an empty text, is not said at all. */
export function said<T extends object, K extends keyof T>(
  object: T | null | undefined,
  name: K,
  value: T[K] | undefined,
): T {
  const { [name]: _, ...rest } = object ?? ({} as T);
  return (value === undefined || value === '' ? rest : { ...rest, [name]: value }) as T;
}

export function changes(before: FlagSet, after: FlagSet): Change[] {
  const [was, is] = [leaves(before), leaves(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((place) => was.get(place) !== is.get(place))
    .map((place) => ({ place, was: was.get(place) ?? UNSAID, is: is.get(place) ?? UNSAID }));
}

const UNSAID = 'not said';

/** What was changed from `base` to `mine`, changed in `theirs` too. Where both changed the same, mine is taken. */
export function merged(base: FlagSet, mine: FlagSet, theirs: FlagSet): FlagSet {
  return merge(base, mine, theirs) as FlagSet;
}

function merge(base: unknown, mine: unknown, theirs: unknown): unknown {
  if (isSame(base, mine)) return theirs;
  if (!isObject(mine) || !isObject(theirs)) return mine;
  const before = isObject(base) ? base : {};
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
  const all = names.map((name) => [name, merge(before[name], mine[name], theirs[name])] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

function isSame(one: unknown, other: unknown): boolean {
  const [these, those] = [leaves(one), leaves(other)];
  return these.size === those.size && [...these].every(([place, value]) => those.get(place) === value);
}

/** Every value that is no object, as JSON, by the names that lead to it. */
function leaves(value: unknown, place = '', found = new Map<string, string>()): Map<string, string> {
  if (!isObject(value)) {
    if (value !== undefined && value !== null) found.set(place, JSON.stringify(value));
    return found;
  }
  for (const [name, inner] of Object.entries(value)) {
    const step = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
    leaves(inner, place ? `${place}.${step}` : step, found);
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MEGABYTE = 1_000_000;

/** Bytes are typed as megabytes, exactly. */
export function inMegabytes(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : bytes / MEGABYTE;
}

export function fromMegabytes(megabytes: number | undefined): number | undefined {
  return megabytes === undefined ? undefined : Math.round(megabytes * MEGABYTE);
}
