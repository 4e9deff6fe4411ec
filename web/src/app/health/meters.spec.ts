import { by, parse, quantile, sum } from './meters';

const TEXT = `# HELP a_total What is counted.
# TYPE a_total counter
a_total{route="/x\\"y\\\\z",status="200"} 2
a_total{route="/b",status="200",} 40 1795943719000
a_total{route="/b",status="500"} 5
b 1.5e3
 nonsense
c{unclosed="x 1
d NaN
e{} +Inf
f_seconds_bucket{ledger="j",le="0.001"} 50
f_seconds_bucket{ledger="j",le="0.01"} 90
f_seconds_bucket{ledger="j",le="0.1"} 98
f_seconds_bucket{ledger="j",le="+Inf"} 100
f_seconds_bucket{ledger="none",le="0.001"} 0
f_seconds_bucket{ledger="none",le="+Inf"} 0
`;

describe('meters', () => {
  const meters = parse(TEXT);

  it('are read, with their labels as they were meant', () => {
    expect(meters.get('a_total')).toEqual([
      { labels: { route: '/x"y\\z', status: '200' }, value: 2 },
      { labels: { route: '/b', status: '200' }, value: 40 },
      { labels: { route: '/b', status: '500' }, value: 5 },
    ]);
    expect(meters.get('b')).toEqual([{ labels: {}, value: 1500 }]);
    expect(meters.get('e')).toEqual([{ labels: {}, value: Infinity }]);
  });

  it('that cannot be read are left out', () => {
    expect([...meters.keys()]).toEqual(['a_total', 'b', 'e', 'f_seconds_bucket']);
    expect(parse('').size).toBe(0);
    expect(parse('<html>\r\n</html>').size).toBe(0);
  });

  it('are summed up by a label, the greatest first', () => {
    expect(by(meters, 'a_total', 'route')).toEqual([
      { of: '/b', value: 45 },
      { of: '/x"y\\z', value: 2 },
    ]);
    expect(by(meters, 'nothing', 'route')).toEqual([]);
    expect(sum(meters, 'a_total', { status: '200' })).toBe(42);
    expect(sum(meters, 'nothing')).toBe(0);
  });

  it('of time have quantiles, as Prometheus reckons them', () => {
    const at = (q: number) => quantile(meters, 'f_seconds', q, { ledger: 'j' });
    expect(at(0.5)).toBeCloseTo(0.001);
    expect(at(0.25)).toBeCloseTo(0.0005);
    expect(at(0.7)).toBeCloseTo(0.0055);
    expect(at(0.99)).toBe(0.1); // beyond the last bound nothing is known
    expect(quantile(meters, 'f_seconds', 0.5, { ledger: 'none' })).toBeUndefined();
    expect(quantile(meters, 'nothing', 0.5)).toBeUndefined();
  });
});
