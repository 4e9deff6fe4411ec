import type { FlagSet } from '../api/answers';
import { changes, fromMegabytes, inMegabytes, merged, said } from './flag-set';

// What the page knows nothing of: it stays.
const options = { level: 'best', track: [1, 2] };
const base = {
  maintenance: { on: false, retry: 300 },
  recipes: { flac: { on: true, options } },
  users: { everyone: {}, named: { ada: { concurrent: 2 }, 'bob@example.org': { sessions: 1 } } },
  another: { day: 1 },
} as unknown as FlagSet;

describe('flags', () => {
  it('are said and unsaid, and the others stay', () => {
    const flac = said(base.recipes?.['flac'], 'bytes', 1000);
    const flags = said(base, 'recipes', said(base.recipes, 'flac', flac));
    expect(flags).toEqual({ ...base, recipes: { flac: { on: true, options, bytes: 1000 } } });
    expect(said(flac, 'bytes', undefined)).toEqual({ on: true, options });
    expect(said({ reason: 'Why.' }, 'reason', '')).toEqual({});
    expect(said<{ on?: boolean }, 'on'>(null, 'on', false)).toEqual({ on: false });
  });

  it('that differ are named as the command names them', () => {
    const after = { ...base, maintenance: { on: true, retry: 300 }, users: { everyone: { bytes: 5 } } };
    expect(changes(base, after)).toEqual([
      { place: 'maintenance.on', was: 'false', is: 'true' },
      { place: 'users.named.ada.concurrent', was: '2', is: 'not said' },
      { place: 'users.named."bob@example.org".sessions', was: '1', is: 'not said' },
      { place: 'users.everyone.bytes', was: 'not said', is: '5' },
    ]);
    expect(changes(base, structuredClone(base))).toEqual([]);
  });

  it('of mine go onto theirs', () => {
    const mine = {
      ...base,
      maintenance: { on: true, retry: 300 },
      users: { everyone: {}, named: { eve: { bytes: 1 } } },
    };
    const theirs = {
      ...base,
      maintenance: { on: false, retry: 60 },
      recipes: { flac: { on: true, options }, video: { on: false } },
      users: { everyone: { concurrent: 1 }, named: { ada: { concurrent: 9 }, zoe: { sessions: 3 } } },
    } as unknown as FlagSet;
    expect(merged(base, mine, theirs)).toEqual({
      ...base,
      maintenance: { on: true, retry: 60 },
      recipes: { flac: { on: true, options }, video: { on: false } },
      users: { everyone: { concurrent: 1 }, named: { zoe: { sessions: 3 }, eve: { bytes: 1 } } },
    });
  });

  it('that nobody has touched here are theirs', () => {
    const theirs = { maintenance: { on: true } };
    expect(merged(base, structuredClone(base), theirs)).toEqual(theirs);
    expect(merged(base, { ...base, recipes: {} }, base)).toEqual({ ...base, recipes: {} });
  });

  it('count bytes, typed as megabytes, to the last one', () => {
    for (const bytes of [0, 1, 999_999, 8_200_000, 8_589_934_592, 68_719_476_737, 1_000_000_000_000_001])
      expect(fromMegabytes(inMegabytes(bytes)!)).toBe(bytes);
    expect([inMegabytes(null), inMegabytes(undefined), fromMegabytes(undefined)]).toEqual([
      null,
      null,
      undefined,
    ]);
  });
});
