import type { Recipe } from '../api/answers';
import { fitting } from './fits';

const recipe = (change: Partial<Recipe>): Recipe => ({
  ...{ name: 'flac', title: 'Sound', takes: ['audio/*'], endings: ['wav', 'mp4'], maxBytes: 1000 },
  ...{ timeoutSeconds: 1, available: true, options: {} },
  ...change,
});

describe('what a file may become', () => {
  const sound = recipe({});
  const picture = recipe({ name: 'proxies', takes: ['image/png'], endings: ['png'], maxBytes: 10 });
  const names = (name: string, type = '', size = 5) =>
    fitting([sound, picture], { name, type, size }).recipes.map((one) => one.name);

  it('is told by the type, or by the ending', () => {
    expect(names('a', 'audio/mpeg')).toEqual(['flac']);
    expect(names('A.WAV')).toEqual(['flac']);
    expect(names('a', 'image/png')).toEqual(['proxies']);
    expect(names('wav', '')).toEqual([]);
    expect(names('a.txt', 'text/plain')).toEqual([]);
  });

  it('says the rule, the limit or the reason', () => {
    const why = (recipes: Recipe[], size = 5) => fitting(recipes, { name: 'a.wav', type: '', size }).why;
    expect(why([sound], 0)).toBe('The file is empty.');
    expect(why([picture])).toContain('Taken are png');
    expect(why([sound], 2000)?.replaceAll('\u00a0', ' ')).toBe(
      'The file is too large: 2.0 kB, and 1.0 kB is the limit.',
    );
    expect(why([recipe({ available: false, unavailableBecause: 'There is no ffmpeg.' })])).toBe(
      'There is no ffmpeg.',
    );
    expect(why([sound])).toBeUndefined();
  });
});
