import type { Session } from '../api/answers';
import { can, performAll } from './actions';

const session = (change: Partial<Session>) => ({ allowed: [], ...change }) as unknown as Session;

describe('what can be done with a session', () => {
  it('is what the server allows', () => {
    expect(can('start', session({ allowed: ['TranscodeStarted'] }))).toBe(true);
    expect(can('start', session({ allowed: ['TranscodeFailed'] }))).toBe(false);
    expect(can('cancel', session({ allowed: ['Cancelled'] }))).toBe(true);
    expect(can('redrive', session({ allowed: ['Redriven'] }))).toBe(true);
    expect(can('redrive', session({}))).toBe(false);
    expect(can('delete', session({}))).toBe(true);
  });

  it('is done to several, and what was refused is told by id', async () => {
    const problem = {
      type: '/problems/wrong-state',
      title: 'Wrong State',
      status: 400,
      detail: 'No.',
      requestId: 'r',
    };
    vi.stubGlobal('fetch', async (url: string) =>
      url.includes('/b/')
        ? Response.json(problem, { status: 400 })
        : Response.json({ state: 'Failed', source: {}, outputs: [] }),
    );
    const failed = await performAll('cancel', ['a', 'b', 'c', 'd', 'e']);
    vi.unstubAllGlobals();
    expect([...failed.keys()]).toEqual(['b']);
    expect(failed.get('b')?.title).toBe('400 Wrong State');
  });
});
