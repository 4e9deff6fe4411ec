import { address, call, failure } from './call';
import { authorization, isHeld, letGo, lost, renew, take } from './credential';

const signedIn = (accessToken: string) =>
  ({
    accessToken,
    expiresAt: '',
    user: { name: 'ada', role: 'user', disabled: false, createdAt: '' },
  }) as never;

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

const problem = {
  type: '/problems/signed-out',
  title: 'Signed Out',
  status: 401,
  detail: 'Who?',
  requestId: 'r',
};

describe('a credential', () => {
  /** What was asked, as `METHOD address token`. */
  let asked: string[];
  let answer: (path: string, token: string | undefined) => Response;

  beforeEach(() => {
    asked = [];
    answer = () => json({});
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const headers = init.headers as Record<string, string>;
      const token = headers['Authorization']?.replace('Bearer ', '');
      asked.push(`${init.method} ${url} ${token ?? '-'}${headers['X-Lockgate-Page'] ? ' page' : ''}`);
      return answer(url, token);
    });
  });

  afterEach(() => {
    letGo();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('is said with every request once there is one', async () => {
    await call('get', '/api/me');
    take(signedIn('t1'));
    await call('get', '/api/me');
    expect(asked).toEqual(['GET /api/me -', 'GET /api/me t1']);
  });

  it('is fetched anew before it ends, and once however many ask', async () => {
    vi.useFakeTimers();
    take(signedIn('t1'));
    answer = (url) => (url.endsWith('refresh') ? json(signedIn('t2')) : json({}));
    vi.advanceTimersByTime(12 * 60_000);
    await Promise.all([call('get', '/api/me'), call('get', '/api/keys')]);
    expect(asked).toEqual(['POST /api/sign-in/refresh - page', 'GET /api/me t2', 'GET /api/keys t2']);
  });

  it('is fetched anew when the server takes it no more, and the request is sent again', async () => {
    take(signedIn('old'));
    answer = (url, token) =>
      url.endsWith('refresh')
        ? json(signedIn('new'))
        : token === 'new'
          ? json({ well: true })
          : json(problem, 401);
    expect(await call('get', '/api/me')).toEqual({ well: true });
    expect(asked.at(-1)).toBe('GET /api/me new');
  });

  it('is lost when there is no next one, and whoever shows the page is told', async () => {
    const before = lost();
    take(signedIn('old'));
    answer = () => json(problem, 401);
    expect(await call('get', '/api/me').catch(failure)).toMatchObject({ title: '401 Signed Out' });
    expect(isHeld()).toBe(false);
    expect(lost()).toBe(before + 1);
  });

  it('is kept while there is no network', async () => {
    take(signedIn('t1'));
    answer = () => {
      throw new TypeError('no network');
    };
    expect(await renew()).toBe(false);
    expect(await authorization()).toEqual({ Authorization: 'Bearer t1' });
  });

  it('is not asked for where a password is what is wrong', async () => {
    answer = () => json({ ...problem, type: '/problems/wrong-credential' }, 401);
    await call('post', '/api/sign-in', { body: { name: 'ada', password: 'x' } }).catch(failure);
    expect(asked).toEqual(['POST /api/sign-in - page']);
  });

  it('never stands in an address', () => {
    take(signedIn('t1'));
    expect(address('/api/sessions/{id}/events', 's')).toBe('/api/sessions/s/events');
  });
});
