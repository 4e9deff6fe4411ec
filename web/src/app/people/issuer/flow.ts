// Signing in with an issuer of OpenID Connect: the code flow with PKCE. Away, and back with a code; tokens for it; later the
// next ones. Tokens stay in memory.
import type { Issuer } from '../../api/answers';
import { Failure, unreachable } from '../../api/call';
import { type Next, take } from '../../api/credential';
import { recall, remember } from './errand';
import { know, unknow } from './known';
import { challenge, claims, random } from './pkce';

/** Of what a token endpoint answers (RFC 6749, 5.1), as much as is used. */
interface Tokens {
  access_token?: unknown;
  token_type?: unknown;
  expires_in?: unknown;
  refresh_token?: unknown;
  id_token?: unknown;
}

/** Of an issuer that does not say how long its token lives. */
const SHORT = 5 * 60;

/** As much of what others write as is shown. */
const MOST_WORDS = 300;

const back = () => `${location.origin}/signed-in`;

/** Where the browser goes to sign in, to be brought to `to` afterwards. */
export async function away(issuer: Issuer, to: string): Promise<string> {
  if (!globalThis.crypto?.subtle)
    throw new Failure(
      'refused',
      'Not over a safe connection',
      'Browsers let one sign in with an issuer only where the address begins with https://.',
    );
  const [state, nonce, verifier] = [random(), random(), random()];
  remember(state, { verifier, nonce, to });
  return extended(issuer.authorize, {
    response_type: 'code',
    client_id: issuer.client,
    redirect_uri: back(),
    scope: issuer.scope,
    state,
    nonce,
    code_challenge: await challenge(verifier),
    code_challenge_method: 'S256',
  });
}

/** Takes what one came back with. Where one wanted to go. */
export async function arrive(issuer: Issuer, said: URLSearchParams): Promise<string> {
  const errand = recall(said.get('state') ?? '');
  if (!errand)
    throw new Failure(
      'refused',
      'This sign-in was not begun here',
      'It was begun in another tab, or has been used already. Nothing was taken from it: sign in anew.',
    );
  if (said.has('error')) throw refusal(said.get('error')!, said.get('error_description'));
  // RFC 9207: of an issuer that says who it is, a code of another's is known.
  const from = said.get('iss');
  const code = said.get('code');
  if (!code || (from !== null && from !== issuer.url)) throw nonsense('it came back with no code of its own');
  const answered = await ask(issuer, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: back(),
    code_verifier: errand.verifier,
  });
  if (answered === 'unreachable') throw unreachable();
  if ('error' in answered) throw refusal(String(answered.error), answered.error_description);
  const who = told(answered, issuer, errand.nonce);
  hold(issuer, answered, String(answered.id_token), who);
  return errand.to;
}

/** The ID token is the issuer's own word, since it came from there and over TLS. Its times are not looked at: this device's
 * clock may be wrong, and it is as old as the answer. What the server takes is the other token, and the server checks it. */
function told(tokens: Tokens, issuer: Issuer, nonce: string): Record<string, unknown> {
  const who = typeof tokens.id_token === 'string' ? claims(tokens.id_token) : undefined;
  if (!who) throw nonsense('it does not say who you are');
  if (who['nonce'] !== nonce) throw nonsense('what it says of you belongs to another sign-in');
  if (who['iss'] !== issuer.url || ![who['aud']].flat().includes(issuer.client))
    throw nonsense('what it says of you was not said to this page');
  return who;
}

function hold(issuer: Issuer, tokens: Tokens, idToken: string, who: Record<string, unknown>): void {
  const { access_token, token_type, expires_in, refresh_token } = tokens;
  if (typeof access_token !== 'string' || !/^bearer$/i.test(String(token_type)))
    throw nonsense('it gave no token that this page can use');
  const name = [who['preferred_username'], who['email'], who['name']].find((one) => typeof one === 'string');
  const seconds = Number(expires_in) > 0 ? Number(expires_in) : SHORT;
  const source = {
    next: () => next(issuer, refresh_token, idToken, who),
    signOut: issuer.signOut && signOutOf(issuer.signOut, issuer.client, idToken),
    end: unknow,
  };
  const fresh = Math.max(seconds - 180, seconds * 0.8) * 1000;
  take({ accessToken: access_token }, { fresh, name: name as string | undefined, source });
  know();
}

async function next(
  issuer: Issuer,
  refresh_token: unknown,
  idToken: string,
  who: Record<string, unknown>,
): Promise<Next> {
  if (typeof refresh_token !== 'string') return 'refused';
  const answered = await ask(issuer, { grant_type: 'refresh_token', refresh_token });
  if (answered === 'unreachable') return answered;
  if ('error' in answered) return 'refused';
  // An issuer that turns its refresh tokens over sends the next; any other leaves the one there was.
  hold(issuer, { refresh_token, ...answered }, idToken, who);
  return 'taken';
}

/** Cognito and the standard have each a name of their own for where one comes back. */
function signOutOf(url: string, client: string, idToken: string): string {
  const home = `${location.origin}/sign-in`;
  return extended(url, {
    client_id: client,
    id_token_hint: idToken,
    post_logout_redirect_uri: home,
    logout_uri: home,
  });
}

interface Refused {
  error: unknown;
  error_description?: unknown;
}

async function ask(
  issuer: Issuer,
  fields: Record<string, string>,
): Promise<Tokens | Refused | 'unreachable'> {
  let response: Response;
  try {
    const body = new URLSearchParams({ client_id: issuer.client, ...fields });
    response = await fetch(issuer.token, { method: 'POST', body, headers: { Accept: 'application/json' } });
  } catch {
    return 'unreachable';
  }
  if (response.status >= 500 || response.status === 429) return 'unreachable';
  const answered: unknown = await response.json().catch(() => undefined);
  if (typeof answered !== 'object' || answered === null) return { error: `status ${response.status}` };
  return response.ok || 'error' in answered ? answered : { error: `status ${response.status}` };
}

function extended(url: string, more: Record<string, string>): string {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(more)) whole.searchParams.set(name, value);
  return whole.href;
}

function refusal(error: string, description: unknown): Failure {
  const words = typeof description === 'string' ? description : '';
  const said = `It says: “${(words || error).slice(0, MOST_WORDS)}”.`;
  return error === 'access_denied'
    ? new Failure(
        'refused',
        'You were not let in',
        `The sign-in was refused or called off.${words && ` ${said}`}`,
      )
    : new Failure('refused', 'The sign-in came to nothing', `The issuer has not signed you in. ${said}`);
}

function nonsense(why: string): Failure {
  return new Failure(
    'nonsense',
    'Unexpected answer',
    `The issuer cannot be understood: ${why}. Sign in anew.`,
  );
}
