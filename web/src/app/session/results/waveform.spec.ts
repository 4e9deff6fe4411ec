import { isPeaks, outline } from './waveform';

describe('a waveform', () => {
  it('goes along the highest and back along the lowest', () => {
    expect(outline({ bits: 16, length: 2, data: [-32768, 0, 0, 16384] })).toBe(
      'M0,50.0L1,25.0L1,50.0L0,100.0Z',
    );
    expect(outline({ bits: 16, length: 0, data: [] })).toBe('');
  });

  it('is not made of anything else', () => {
    expect(isPeaks({ bits: 16, data: [1, 2] })).toBe(true);
    for (const other of [null, [], 'text', { bits: 16 }, { bits: 16, data: ['1'] }])
      expect(isPeaks(other)).toBe(false);
  });
});
