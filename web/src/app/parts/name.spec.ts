import { cut } from './name';

describe('a name', () => {
  it('stays whole if it fits, and keeps its ending if not', () => {
    expect(cut('song.wav', 80)).toBe('song.wav');
    const long = cut(`${'x'.repeat(4000)}-final-take.wav`, 40);
    expect([...long]).toHaveLength(40);
    expect(long.endsWith('final-take.wav')).toBe(true);
  });

  it('cannot pose as another by turning its text around', () => {
    expect(cut('a\u202egnp.wav')).toBe('a[U+202E]gnp.wav');
    expect(cut('\u200fملف.wav')).toBe('\u200fملف.wav');
  });

  it('is never cut within what is seen as one sign', () => {
    const family = '👨‍👩‍👧‍👦';
    expect(cut(family.repeat(100), 20)).toBe(`${family.repeat(5)}…${family.repeat(14)}`);
  });
});
