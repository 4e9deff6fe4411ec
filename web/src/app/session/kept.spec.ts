import { dayAndTime } from '../parts/words';
import { kept } from './kept';

const resultsUntil = '2126-03-01T12:00:00Z';

describe('what is kept', () => {
  it('says until when the results are, and nothing where they are kept for ever', () => {
    expect(kept({ resultsUntil })).toEqual([`results are kept until ${dayAndTime(resultsUntil)}`]);
    expect(kept({ resultsUntil })[0]).toContain('2126');
    expect(kept({})).toEqual([]);
  });

  it('says what is gone, and promises nothing of it', () => {
    expect(kept({ expired: ['input'], resultsUntil })).toEqual([
      `results are kept until ${dayAndTime(resultsUntil)}`,
      'the uploaded file is no longer kept',
    ]);
    expect(kept({ expired: ['input', 'results'], resultsUntil })).toEqual([
      'results are no longer kept',
      'the uploaded file is no longer kept',
    ]);
  });
});
