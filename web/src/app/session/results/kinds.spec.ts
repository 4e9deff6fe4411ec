import type { Output, Session } from '../../api/answers';
import { captioned, facts, sorted, standing } from './kinds';

const output = (name: string, contentType: string, media: Output['media'] = {}): Output => ({
  ...{
    name,
    contentType,
    media,
    url: 'http://store/x',
    bytes: 1,
    sha256: name,
    verified: 'It was read back.',
  },
});

describe('results', () => {
  it('are shown by what they are, whatever recipe made them', () => {
    const all = [
      output('a.flac', 'audio/flac'),
      output('a.peaks.json', 'application/json'),
      output('a-2048.jpg', 'image/jpeg'),
      output('a.mp4', 'video/mp4; codecs="avc1"'),
      output('a.vtt', 'text/vtt; charset=utf-8'),
      output('a.srt', 'application/x-subrip'),
      output('a.zip', 'application/zip'),
    ];
    const { sounds, peaks, pictures, films, captions, archives } = sorted(all);
    const names = [sounds, pictures, films, captions, archives].map((some) => some.map((one) => one.name));
    expect(names).toEqual([['a.flac'], ['a-2048.jpg'], ['a.mp4'], ['a.vtt'], ['a.zip']]);
    expect(peaks?.name).toBe('a.peaks.json');
  });

  it('with captions and no film are captions of the film that was sent', () => {
    const vtt = output('a.vtt', 'text/vtt');
    const source = { fileName: 'a.mkv', size: 5, contentType: 'video/x-matroska', url: 'http://store/a' };
    const of = (outputs: Output[], change: Partial<Session['source']> = {}) =>
      captioned({ source: { ...source, ...change }, outputs } as Session);
    expect(of([vtt])).toMatchObject({ name: 'a.mkv', url: 'http://store/a', bytes: 5 });
    expect(of([])).toBeUndefined();
    expect(of([vtt, output('a.mp4', 'video/mp4')])).toBeUndefined();
    expect(of([vtt], { contentType: 'audio/wav' })).toBeUndefined();
  });

  it('that are no longer kept are not offered', () => {
    const outputs = [output('a.vtt', 'text/vtt')];
    const source = { fileName: 'a.mkv', size: 5, contentType: 'video/x-matroska', url: 'http://store/a' };
    const of = (expired: Session['expired']) => ({ source, outputs, expired }) as Session;
    expect(standing(of(['input']))).toEqual(outputs);
    expect(standing(of(['results']))).toEqual([]);
    expect(captioned(of([]))?.name).toBe('a.mkv');
    expect(captioned(of(['results']))).toBeUndefined();
  });

  it('say what is known of them', () => {
    const sound = { sampleRate: 44_100, channels: 2, bitsPerSample: 16, changes: [] };
    expect(facts(output('a.flac', 'audio/flac', sound))).toEqual(['44.1 kHz', '16 bits', 'stereo']);
    expect(facts(output('a.jpg', 'image/jpeg', { width: 2048, height: 1365 }))).toEqual(['2048 × 1365 px']);
    expect(facts(output('a.bin', 'application/x', { width: 'wide' }))).toEqual([]);
  });
});
