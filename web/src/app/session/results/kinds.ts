// Which view a result gets: by its media type and its name, whatever recipe has made it.
import type { Output, Session } from '../../api/answers';

/** Something to watch or to hear. */
export type Clip = Pick<Output, 'name' | 'url' | 'bytes' | 'sha256' | 'contentType' | 'media'>;

export interface Shown {
  sounds: Output[];
  /** The waveform of the sound, if there is one. */
  peaks: Output | undefined;
  pictures: Output[];
  films: Output[];
  captions: Output[];
  archives: Output[];
}

const PEAKS = '.peaks.json';

export function sorted(outputs: readonly Output[]): Shown {
  const of = (family: string) => outputs.filter((one) => essence(one).startsWith(`${family}/`));
  return {
    sounds: of('audio'),
    peaks: outputs.find((one) => one.name.endsWith(PEAKS)),
    pictures: of('image'),
    films: of('video'),
    captions: outputs.filter((one) => essence(one) === 'text/vtt'),
    archives: outputs.filter((one) => essence(one) === 'application/zip'),
  };
}

/** The results that can still be had: the record says what they were for longer than they are kept. */
export function standing({ outputs, expired = [] }: Session): readonly Output[] {
  return expired.includes('results') ? [] : outputs;
}

/** What the captions belong to, where they were made of a film and no film with them: the file that was sent. */
export function captioned(session: Session): Clip | undefined {
  const { source } = session;
  const { films, captions } = sorted(standing(session));
  const isFilm = essence(source).startsWith('video/');
  if (!captions.length || films.length || !isFilm || !source.url) return undefined;
  const { fileName: name, size: bytes, contentType, url } = source;
  return { name, bytes, contentType, url, sha256: source.sha256 ?? 'source', media: {} };
}

export function essence(output: { contentType: string }): string {
  return output.contentType.split(';')[0]!.trim().toLowerCase();
}

/** What an output is, in a line: the facts that there are, and nothing made up. */
export function facts({ media }: Pick<Output, 'media'>): string[] {
  const number = (key: string) => (typeof media[key] === 'number' ? (media[key] as number) : undefined);
  const said: string[] = [];
  const [width, height] = [number('width'), number('height')];
  if (width !== undefined && height !== undefined) said.push(`${width} × ${height} px`);
  const rate = number('rate') ?? number('sampleRate');
  if (rate !== undefined) said.push(`${rate / 1000} kHz`);
  const bits = number('bits') ?? number('bitsPerSample');
  if (bits !== undefined) said.push(`${bits} bits`);
  const channels = number('channels');
  if (channels !== undefined)
    said.push(channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`);
  const frames = number('frames');
  if (frames !== undefined) said.push(`${frames} frames`);
  return said;
}
