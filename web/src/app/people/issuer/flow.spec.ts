import type { Issuer } from '../../api/answers';
import { call, failure } from '../../api/call';
import { authorization, called, isHeld, letGo, lost, signOut } from '../../api/credential';
import { arrive, away } from './flow';
import { isKnown } from './known';
import { challenge } from './pkce';

const ISSUER: Issuer = {
  url: 'https://issuer.test/pool',
  client: 'the-page',
  authorize: 'https://issuer.test/authorize?audience=lockgate',
  token: 'https://issuer.test/token',
  signOut: 'https://issuer.test/logout',
  scope: 'openid email',
};

const idToken = (said: object) => `head.${btoa(JSON.stringify(said))}.signature`;

describe('signing in with an issuer', () => {
  /** What the token endpoint was asked, and what it answers. */
  let asked: Record<string, string>[];
  let answer: (fields: Record<string, string>) => Response;
  /** What one was sent away with. */
  let sent: URLSearchParams;

  const me = (more: object = {}) => ({
    iss: ISSUER.url,
    aud: ISSUER.client,
    nonce: sent.get('nonce'),
    email: 'ada@example.org',
    ...more,
  });
  const tokens = (more: object = {}) =>
    Response.json({
      access_token: 'a1',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'r1',
      id_token: idToken(me()),
      ...more,
    });
  const comeBack = (more: Record<string, string> = {}) =>
    arrive(ISSUER, new URLSearchParams({ state: sent.get('state')!, code: 'c1', ...more }));
  const refused = async (coming: Promise<unknown>) => {
    const { title, detail } = failure(await coming.catch((thrown: unknown) => thrown));
    expect(isHeld()).toBe(false);
    return `${title}: ${detail}`;
  };

  beforeEach(async () => {
    asked = [];
    answer = () => tokens();
    vi.stubGlobal('fetch', async (url: string, { body, headers }: RequestInit) => {
      if (url !== ISSUER.token) {
        const token = (headers as Record<string, string>)['Authorization'];
        return Response.json({ title: 'Signed Out', detail: 'Who?', status: 401, token }, { status: 401 });
      }
      const fields = Object.fromEntries(body as URLSearchParams);
      asked.push(fields);
      return answer(fields);
    });
    sent = new URL(await away(ISSUER, '/sessions?state=Done')).searchParams;
  });

  afterEach(() => {
    letGo();
    sessionStorage.clear();
    localStorage.clear();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('goes there with a challenge, and fetches tokens with what it was made of', async () => {
    expect(Object.fromEntries(sent)).toMatchObject({
      audience: 'lockgate',
      response_type: 'code',
      client_id: 'the-page',
      redirect_uri: `${location.origin}/signed-in`,
      scope: 'openid email',
      code_challenge_method: 'S256',
    });
    expect(await comeBack()).toBe('/sessions?state=Done');
    const [{ code_verifier, ...rest }] = asked as [Record<string, string>];
    expect(await challenge(code_verifier!)).toBe(sent.get('code_challenge'));
    expect(rest).toEqual({
      client_id: 'the-page',
      grant_type: 'authorization_code',
      code: 'c1',
      redirect_uri: `${location.origin}/signed-in`,
    });
    expect(await authorization()).toEqual({ Authorization: 'Bearer a1' });
    expect(called()).toBe('ada@example.org');
    const kept = JSON.stringify([{ ...sessionStorage }, { ...localStorage }]);
    for (const secret of ['a1', 'r1', code_verifier!]) expect(kept).not.toContain(secret);
  });

  it('takes nothing that was not begun in this tab, and nothing twice', async () => {
    expect(await refused(comeBack({ state: 'another' }))).toContain('not begun here');
    expect(await refused(arrive(ISSUER, new URLSearchParams({ code: 'c1' })))).toContain('not begun here');
    await comeBack();
    letGo();
    expect(await refused(comeBack())).toContain('used already');
    expect(asked.length).toBe(1);
  });

  it('takes no word that belongs to another sign-in, another page or another issuer', async () => {
    for (const [more, why] of [
      [{ nonce: 'another' }, 'another sign-in'],
      [{ nonce: undefined }, 'another sign-in'],
      [{ aud: 'another' }, 'not said to this page'],
      [{ iss: 'https://evil.test' }, 'not said to this page'],
    ] as const) {
      answer = () => tokens({ id_token: idToken(me(more)) });
      expect(await refused(comeBack())).toContain(why);
      sent = new URL(await away(ISSUER, '/')).searchParams;
    }
    expect(await refused(comeBack({ iss: 'https://evil.test' }))).toContain('no code of its own');
    sent = new URL(await away(ISSUER, '/')).searchParams;
    answer = () => tokens({ token_type: 'mac' });
    expect(await refused(comeBack())).toContain('no token that this page can use');
    sent = new URL(await away(ISSUER, '/')).searchParams;
    answer = () => tokens({ id_token: undefined });
    expect(await refused(comeBack())).toContain('does not say who you are');
  });

  it('says in plain words that it was refused', async () => {
    const words = { error: 'access_denied', error_description: 'User cancelled.' };
    expect(await refused(comeBack(words))).toBe(
      'You were not let in: The sign-in was refused or called off. It says: “User cancelled.”.',
    );
    sent = new URL(await away(ISSUER, '/')).searchParams;
    expect(await refused(comeBack({ error: 'access_denied' }))).toBe(
      'You were not let in: The sign-in was refused or called off.',
    );
    sent = new URL(await away(ISSUER, '/')).searchParams;
    answer = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    expect(await refused(comeBack())).toContain('It says: “invalid_grant”.');
    sent = new URL(await away(ISSUER, '/')).searchParams;
    answer = () => new Response('<html>', { status: 404 });
    expect(await refused(comeBack())).toContain('It says: “status 404”.');
    expect(asked.length).toBe(2);
  });

  it('says that the issuer cannot be reached', async () => {
    answer = () => new Response('', { status: 503 });
    expect(await refused(comeBack())).toContain('No answer');
  });

  it('fetches the next token before one ends, and goes on with what it was given', async () => {
    vi.useFakeTimers();
    await comeBack();
    answer = ({ refresh_token }) =>
      Response.json({ access_token: `after ${refresh_token}`, token_type: 'bearer', expires_in: 60 });
    vi.advanceTimersByTime(3420_000);
    expect(await authorization()).toEqual({ Authorization: 'Bearer after r1' });
    answer = () => tokens({ access_token: 'a3', refresh_token: 'r2' });
    vi.advanceTimersByTime(48_000);
    expect(await authorization()).toEqual({ Authorization: 'Bearer a3' });
    vi.advanceTimersByTime(3420_000);
    await authorization();
    expect(asked.slice(1).map(({ refresh_token }) => refresh_token)).toEqual(['r1', 'r1', 'r2']);
  });

  it('keeps what there is while the issuer cannot be reached', async () => {
    vi.useFakeTimers();
    await comeBack();
    vi.advanceTimersByTime(3420_000);
    answer = () => {
      throw new TypeError('no network');
    };
    expect(await authorization()).toEqual({ Authorization: 'Bearer a1' });
  });

  it('has ended when the token has, and the issuer gives no other', async () => {
    vi.useFakeTimers();
    await comeBack();
    expect(isKnown()).toBe(true);
    answer = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    vi.advanceTimersByTime(3420_000);
    expect(await authorization()).toEqual({});
    // And yet the issuer may remember: the page asks there before it asks for a press of a button.
    expect([isHeld(), isKnown()]).toEqual([false, true]);
  });

  it('has ended when the server takes the token no more, and the issuer gives no other', async () => {
    await comeBack();
    answer = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    const before = lost();
    await call('get', '/api/me').catch(() => undefined);
    expect([isHeld(), isKnown(), lost()]).toEqual([false, true, before + 1]);
  });

  it('has ended when there is nothing to fetch another by', async () => {
    answer = () => tokens({ refresh_token: undefined });
    await comeBack();
    await call('get', '/api/me').catch(() => undefined);
    expect([isHeld(), asked.length]).toEqual([false, 1]);
  });

  it('ends at the issuer too', async () => {
    await comeBack();
    const out = new URL(signOut()!);
    expect(out.href).toMatch(/^https:\/\/issuer\.test\/logout\?/);
    expect(out.searchParams.get('logout_uri')).toBe(`${location.origin}/sign-in`);
    expect(out.searchParams.get('post_logout_redirect_uri')).toBe(`${location.origin}/sign-in`);
    expect([isHeld(), isKnown(), signOut()]).toEqual([false, false, undefined]);
  });

  it('ends when one has signed out in another tab', async () => {
    await comeBack();
    const before = lost();
    dispatchEvent(new StorageEvent('storage', { key: 'lockgate-issuer', newValue: null }));
    expect([isHeld(), lost()]).toEqual([false, before + 1]);
  });

  it('does not begin where the connection is not safe', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => undefined });
    expect(await refused(away(ISSUER, '/'))).toContain('https://');
  });
});
