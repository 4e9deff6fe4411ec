// Prometheus' text format, as far as a server of ours writes it: read, summed up, and a quantile taken of a histogram.

export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** The samples of each name, in the order they came. */
export type Meters = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?\s*/g;
const ESCAPED: Record<string, string> = { n: '\n' };

/** What cannot be read is left out: the rest is still worth seeing. */
export function parse(text: string): Meters {
  const meters = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const [, name, labels = '', number = ''] = LINE.exec(line) ?? [];
    const value = valueOf(number);
    if (!name || value === undefined) continue;
    const samples = meters.get(name) ?? [];
    samples.push({ labels: labelsOf(labels), value });
    meters.set(name, samples);
  }
  return meters;
}

function valueOf(text: string): number | undefined {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  const value = text ? Number(text) : NaN;
  return Number.isNaN(value) ? undefined : value;
}

function labelsOf(text: string): Record<string, string> {
  const found = [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [
    name,
    value.replace(/\\(.)/g, (_, sign: string) => ESCAPED[sign] ?? sign),
  ]);
  return Object.fromEntries(found) as Record<string, string>;
}

/** The sum of a meter's samples for each value of a label; the greatest first. */
export function by(meters: Meters, name: string, label: string): { of: string; value: number }[] {
  const sums = new Map<string, number>();
  for (const { labels, value } of meters.get(name) ?? []) {
    const of = labels[label] ?? '';
    sums.set(of, (sums.get(of) ?? 0) + value);
  }
  return [...sums].map(([of, value]) => ({ of, value })).sort((one, other) => other.value - one.value);
}

/** The sum of the samples that have these labels. */
export function sum(meters: Meters, name: string, where: Readonly<Record<string, string>> = {}): number {
  return (meters.get(name) ?? [])
    .filter(({ labels }) => Object.entries(where).every(([label, value]) => labels[label] === value))
    .reduce((total, { value }) => total + value, 0);
}

/**
 * At most so much took the share `q` of what a histogram has counted, as Prometheus reckons it: evenly within a bucket.
 * Beyond the last bound it is that bound; of nothing it is `undefined`.
 */
export function quantile(
  meters: Meters,
  name: string,
  q: number,
  where: Readonly<Record<string, string>> = {},
): number | undefined {
  const buckets = (meters.get(`${name}_bucket`) ?? [])
    .filter(({ labels }) => Object.entries(where).every(([label, value]) => labels[label] === value))
    .map(({ labels, value }) => ({ bound: valueOf(labels['le'] ?? '') ?? NaN, below: value }))
    .filter(({ bound }) => !Number.isNaN(bound))
    .sort((one, other) => one.bound - other.bound);
  const rank = q * (buckets.at(-1)?.below ?? 0);
  if (!(rank > 0)) return undefined;
  const at = buckets.findIndex(({ below }) => below >= rank);
  const [lower, upper] = [buckets[at - 1] ?? { bound: 0, below: 0 }, buckets[at]!];
  if (upper.bound === Infinity) return lower.bound;
  return lower.bound + ((upper.bound - lower.bound) * (rank - lower.below)) / (upper.below - lower.below);
}
