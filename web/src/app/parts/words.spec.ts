import { bytes, clock, count, kindOf, percent, span } from './words';

describe('words', () => {
  it('says sizes with as many digits as help', () => {
    const said = [0, 999, 1000, 31_249_000, 99_950_000, 999_500, 8_589_934_592].map(bytes);
    expect(said.map((text) => text.replace('\u00a0', ' '))).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '31.2 MB',
      '100 MB',
      '1.0 MB',
      '8.6 GB',
    ]);
  });

  it('never rounds a percent up: 100 % is the end', () => {
    expect([0, 12.9, 99.9, 100].map(percent)).toEqual(['0%', '12%', '99%', '100%']);
  });

  it('says spans and places', () => {
    expect(
      [420, 1500, 12_000, 200_000, 3_900_000].map(span).map((text) => text.replaceAll('\u00a0', ' ')),
    ).toEqual([...['420 ms', '1.5 s', '12 s', '3 min 20 s', '1 h 5 min']]);
    expect([7, 187, 3723].map(clock)).toEqual(['0:07', '3:07', '1:02:03']);
  });

  it('counts in words', () => {
    expect([count(1, 'file'), count(1200, 'file')]).toEqual(['1\u00a0file', '1,200\u00a0files']);
    expect([kindOf('audio/flac; x=y'), kindOf('image/jpeg'), kindOf('text/vtt')]).toEqual([
      'FLAC',
      'JPEG',
      'WebVTT captions',
    ]);
  });
});
