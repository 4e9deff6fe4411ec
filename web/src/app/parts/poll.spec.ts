import { TestBed } from '@angular/core/testing';

import { Poll } from './poll';

describe('asking again and again', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const polled = (ask: () => Promise<'soon' | 'later' | 'stop'>) =>
    TestBed.runInInjectionContext(() => new Poll(ask));

  it('goes slower while nothing changes, and stops when it is told to', async () => {
    const at: number[] = [];
    const begun = Date.now();
    const answers = ['soon', 'later', 'later', 'stop'] as const;
    const poll = polled(async () => answers[at.push(Date.now() - begun) - 1]!);
    poll.now();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at).toEqual([0, 1000, 2500, 4750]);
  });

  it('asks as often as it is told to', async () => {
    let asked = 0;
    const ask = async () => (asked++, 'soon' as const);
    TestBed.runInInjectionContext(() => new Poll(ask, 4000)).now();
    await vi.advanceTimersByTimeAsync(12_100);
    expect(asked).toBe(4);
  });

  it('that was told to while it asked asks once more, at once', async () => {
    let asked = 0;
    const held: (() => void)[] = [];
    const poll = polled(() => {
      asked += 1;
      return new Promise((resolve) => held.push(() => resolve('stop')));
    });
    poll.now();
    poll.now();
    poll.now();
    expect(asked).toBe(1);
    held[0]!();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toBe(2);
  });

  it('ends with whoever asks', async () => {
    let asked = 0;
    const poll = polled(async () => {
      asked += 1;
      return 'soon';
    });
    poll.now();
    await vi.advanceTimersByTimeAsync(0);
    TestBed.resetTestingModule();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(1);
  });
});
