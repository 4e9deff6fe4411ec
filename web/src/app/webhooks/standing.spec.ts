import type { Delivery, Webhook } from '../api/answers';
import { doing, tries } from './standing';

const fine: Webhook = {
  webhookId: 'ep_1',
  url: 'https://example.org/',
  events: [],
  about: '',
  enabled: true,
  createdAt: '2026-01-31T08:00:00Z',
};

describe('how a webhook is doing', () => {
  it('is one word, and the reasons for it', () => {
    const at = '2026-01-31T08:00:00Z';
    const word = (more: Partial<Webhook>) => {
      const { word, tone, why } = doing({ ...fine, ...more });
      return [word, tone, why.length];
    };
    expect(word({})).toEqual(['On', 'ok', 0]);
    expect(word({ enabled: false })).toEqual(['Off', 'wait', 0]);
    expect(word({ enabled: false, disabledBecause: '410' })).toEqual(['Switched off', 'bad', 1]);
    expect(word({ restsUntil: at })).toEqual(['Resting', 'warn', 1]);
    expect(word({ failingSince: at, restsUntil: at, previousSecretUntil: at })).toEqual([
      'Failing',
      'bad',
      3,
    ]);
    expect(doing({ ...fine, enabled: false, disabledBecause: 'It is gone.' }).why[0]).toContain(
      'It is gone.',
    );
  });

  it('tells each try, whether or not somebody answered', () => {
    const at = '2026-01-31T08:00:00Z';
    const attempts = [
      { at, durationMs: 12, status: 500, error: 'it answered 500', response: 'oh' },
      { at, durationMs: 20_000, error: 'no answer in time', response: '' },
      { at, durationMs: 3, status: 204, response: '' },
    ];
    expect(tries({ attempts } as unknown as Delivery).map(({ words }) => words)).toEqual([
      'answered 500 in 12\u00a0ms: it answered 500',
      'no answer in 20\u00a0s: no answer in time',
      'answered 204 in 3\u00a0ms',
    ]);
  });
});
