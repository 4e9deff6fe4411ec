// How long it will take yet, as a range: work does not go at one pace, and one number would be a lie.

export interface Sample {
  at: number;
  percent: number;
}

export interface Range {
  least: number;
  most: number;
}

const MOST_SAMPLES = 40;
const ENOUGH_PERCENT = 2;
const ENOUGH_MILLIS = 1_500;

/** The samples with one more. A lower percent is another attempt: what was before says nothing about it. */
export function sampled(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && next.percent < last.percent) return [next];
  if (last && next.percent === last.percent) return [...samples];
  return [...samples, next].slice(-MOST_SAMPLES);
}

/** Milliseconds from `now`, from the fastest to the slowest pace seen so far; nothing while too little was seen. */
export function remaining(samples: readonly Sample[], now: number): Range | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.percent - first.percent < ENOUGH_PERCENT) return undefined;
  if (last.at - first.at < ENOUGH_MILLIS) return undefined;
  const middle = samples[Math.floor(samples.length / 2)]!;
  const paces = [pace(first, last), pace(first, middle), pace(middle, last)].filter((each) => each > 0);
  const left = 100 - last.percent;
  const since = now - last.at;
  const times = paces.map((each) => Math.max(0, left / each - since));
  return { least: Math.min(...times) * 0.9, most: Math.max(...times) * 1.1 };
}

/** From the one number of whoever does the work: it knows, but not to the second. */
export function about(seconds: number): Range {
  return { least: seconds * 900, most: seconds * 1_100 };
}

function pace(from: Sample, to: Sample): number {
  return to.at > from.at ? (to.percent - from.percent) / (to.at - from.at) : 0;
}

/** 20–40 s left */
export function told({ least, most }: Range): string {
  const [unit, name] = most < 90_000 ? [1_000, 's'] : most < 5_400_000 ? [60_000, 'min'] : [3_600_000, 'h'];
  const step = unit === 1_000 && most > 20_000 ? 5 : 1;
  const low = Math.max(0, Math.floor(least / unit / step) * step);
  const high = Math.max(low + step, Math.ceil(most / unit / step) * step);
  return low === 0 ? `less than ${high}\u00a0${name} left` : `${low}–${high}\u00a0${name} left`;
}
