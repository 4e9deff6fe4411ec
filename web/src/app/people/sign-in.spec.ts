import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import type { WaysIn } from '../api/answers';
import { letGo } from '../api/credential';
import { type Job, Queue } from '../convert/queue';
import { LEAVE } from './issuer/leave';
import { SignIn, inside } from './sign-in';
import { SignedIn } from './signed-in';

const issuer = {
  url: 'https://issuer.test',
  client: 'page',
  authorize: 'https://login.issuer.test/authorize',
  token: 'https://issuer.test/token',
  scope: 'openid',
};

/** A server that says so of itself, and does not know whoever comes. */
function setUp(ways: WaysIn | undefined) {
  const left: [string, string?][] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    if (url === '/api/sign-in') return ways ? Response.json(ways) : new Response('', { status: 502 });
    if (url !== issuer.token) return Response.json({ message: 'Unauthorized' }, { status: 401 });
    const nonce = new URL(left[0]![0]).searchParams.get('nonce');
    const said = btoa(JSON.stringify({ iss: issuer.url, aud: 'page', nonce }));
    return Response.json({ access_token: 'a', token_type: 'Bearer', id_token: `h.${said}.s` });
  });
  const leave = (...args: [string, string?]) => left.push(args);
  TestBed.configureTestingModule({
    providers: [provideRouter([{ path: '**', children: [] }]), { provide: LEAVE, useValue: leave }],
  });
  return left;
}

async function shown(type: typeof SignIn | typeof SignedIn, seen: string) {
  const fixture = TestBed.createComponent<SignIn | SignedIn>(type);
  const page = fixture.nativeElement as HTMLElement;
  await vi.waitFor(() => expect(page.querySelector(seen)).not.toBeNull());
  return page;
}

describe('where one goes after signing in', () => {
  it('is a place of this page, whatever the address says', () => {
    expect(inside('/sessions?state=Done')).toBe('/sessions?state=Done');
    for (const elsewhere of [
      undefined,
      '',
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'sessions',
    ])
      expect(inside(elsewhere), `${elsewhere}`).toBe('/');
  });
});

describe('the place to sign in', () => {
  afterEach(() => {
    letGo();
    localStorage.clear();
    sessionStorage.clear();
    vi.unstubAllGlobals();
    history.replaceState(null, '', '/');
  });

  it('asks for a password where the server keeps them', async () => {
    setUp({ passwords: true });
    const page = await shown(SignIn, 'form');
    expect(page.querySelector('[name=password]')).not.toBeNull();
  });

  it('leads to the issuer, and says where that is before', async () => {
    const left = setUp({ passwords: false, issuer });
    const page = await shown(SignIn, 'button.primary');
    expect(page.textContent).toContain('You sign in at login.issuer.test');
    expect(page.querySelector('form')).toBeNull();
    page.querySelector('button')!.click();
    await vi.waitFor(() => expect(left.length).toBe(1));
    expect(left[0]![0]).toMatch(/^https:\/\/login\.issuer\.test\/authorize\?/);
  });

  it('goes there by itself where somebody was signed in', async () => {
    localStorage.setItem('lockgate-issuer', 'known');
    const left = setUp({ passwords: false, issuer });
    await shown(SignIn, 'button');
    await vi.waitFor(() => expect(left[0]?.[1]).toBe('replace'));
  });

  it('goes nowhere by itself while files are on their way', async () => {
    localStorage.setItem('lockgate-issuer', 'known');
    const left = setUp({ passwords: false, issuer });
    TestBed.inject(Queue).jobs.set([{ phase: 'sending' } as Job]);
    const page = await shown(SignIn, 'button');
    await vi.waitFor(() => expect(page.querySelector('button')!.textContent).toContain('Sign in'));
    expect(left).toEqual([]);
  });

  it('says that there is no way', async () => {
    setUp({ passwords: false });
    const page = await shown(SignIn, 'code');
    expect(page.textContent).toContain('There is no signing in on this page');
  });

  it('lets one try again where the server does not say', async () => {
    setUp(undefined);
    const page = await shown(SignIn, '[role=alert] button');
    expect(page.textContent).toContain('502');
  });

  it('says it when the server does not take the issuer’s word, and does not go there again by itself', async () => {
    const left = setUp({ passwords: false, issuer });
    (await shown(SignIn, 'button')).querySelector('button')!.click();
    await vi.waitFor(() => expect(left.length).toBe(1));
    const state = new URL(left[0]![0]).searchParams.get('state')!;
    history.replaceState(null, '', `/signed-in?code=c&state=${state}`);
    const page = await shown(SignedIn, '[role=alert]');
    expect(page.textContent).toContain('The server does not know you');
    expect(localStorage.length).toBe(0);
  });
});
