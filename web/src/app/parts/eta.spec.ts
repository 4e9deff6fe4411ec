import { remaining, sampled, told, type Sample } from './eta';

describe('eta', () => {
  const along = (...points: [number, number][]): Sample[] =>
    points.reduce<Sample[]>((all, [at, percent]) => sampled(all, { at, percent }), []);

  it('says nothing before enough was seen', () => {
    expect(remaining(along([0, 0]), 0)).toBeUndefined();
    expect(remaining(along([0, 0], [1000, 50]), 1000)).toBeUndefined();
    expect(remaining(along([0, 0], [9000, 1]), 9000)).toBeUndefined();
  });

  it('is a range around the paces that were seen', () => {
    const range = remaining(along([0, 0], [4000, 10], [8000, 40]), 8000)!;
    expect(range.least).toBeLessThan(range.most);
    expect(range.least).toBeCloseTo(7200, -1);
    expect(range.most).toBeCloseTo(26_400, -1);
  });

  it('begins anew with another attempt, and shrinks while nothing is told', () => {
    expect(along([0, 0], [5000, 80], [6000, 3])).toEqual([{ at: 6000, percent: 3 }]);
    const samples = along([0, 0], [5000, 50]);
    expect(remaining(samples, 8000)!.most).toBeLessThan(remaining(samples, 5000)!.most);
  });

  it('is told in round numbers', () => {
    const said = [
      told({ least: 21_000, most: 38_000 }),
      told({ least: 500, most: 2_500 }),
      told({ least: 100_000, most: 200_000 }),
    ];
    expect(said.map((text) => text.replaceAll('\u00a0', ' '))).toEqual([
      '20–40 s left',
      'less than 3 s left',
      '1–4 min left',
    ]);
  });
});
