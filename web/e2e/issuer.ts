// A small issuer of OpenID Connect: it asks once whether one may come in, and remembers that by a cookie, as they do.
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server as Listening, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const CLIENT = 'lockgate-page';
const COOKIE = 'issuer';
const HOUR = 3600;

interface Code {
  nonce: string | null;
  challenge: string | null;
  back: string | null;
}

export class Issuer {
  /** Seconds that the next access token lives; one of less than nothing has ended before it is used. */
  lifetime = HOUR;
  /** What was fetched at the token endpoint, in its order. */
  readonly fetched: string[] = [];

  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly codes = new Map<string, Code>();
  private readonly refreshing = new Set<string>();
  private readonly listening: Listening;

  private constructor() {
    this.listening = createServer((asked, answer) => void this.answer(asked, answer));
  }

  static async open(): Promise<Issuer> {
    const issuer = new Issuer();
    await new Promise<void>((done) => issuer.listening.listen(0, '127.0.0.1', done));
    return issuer;
  }

  close(): void {
    this.listening.close();
    this.listening.closeAllConnections();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listening.address() as AddressInfo).port}`;
  }

  /** What a server is told of it. */
  get configuration(): string {
    const { url } = this;
    return [
      `[issuer]\nurl = "${url}"\naudience = "lockgate"\njwks = "${url}/jwks"`,
      `[issuer.page]\nclient = "${CLIENT}"\nauthorize = "${url}/authorize"`,
      `token = "${url}/token"\nsign-out = "${url}/logout"\n`,
    ].join('\n');
  }

  private async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(asked.url!, this.url);
    const isKnown = asked.headers.cookie?.includes(`${COOKIE}=ada`);
    const go = (to: string, headers: Record<string, string> = {}) =>
      answer.writeHead(302, { Location: to, ...headers }).end();
    const tell = (body: object, status = 200) =>
      answer
        .writeHead(status, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' })
        .end(JSON.stringify(body));
    if (pathname === '/jwks') {
      const key = this.keys.publicKey.export({ format: 'jwk' });
      tell({ keys: [{ ...key, kid: 'k1', use: 'sig', alg: 'RS256' }] });
    } else if (pathname === '/logout') {
      go(searchParams.get('post_logout_redirect_uri')!, { 'Set-Cookie': `${COOKIE}=; Max-Age=0` });
    } else if (pathname === '/authorize' && isKnown) {
      go(this.code(searchParams));
    } else if (pathname === '/authorize') {
      answer.writeHead(200, { 'Content-Type': 'text/html' });
      answer.end(`<a href="/yes?${searchParams}">Let me in</a> <a href="/no?${searchParams}">Rather not</a>`);
    } else if (pathname === '/yes') {
      go(this.code(searchParams), { 'Set-Cookie': `${COOKIE}=ada; HttpOnly` });
    } else if (pathname === '/no') {
      go(`${searchParams.get('redirect_uri')}?error=access_denied&state=${searchParams.get('state')}`);
    } else if (pathname === '/token') {
      const fields = new URLSearchParams(await text(asked));
      this.fetched.push(fields.get('grant_type')!);
      const nonce = this.granted(fields);
      if (nonce === undefined) tell({ error: 'invalid_grant' }, 400);
      else tell(this.tokens(nonce));
    } else answer.writeHead(404).end();
  }

  private code(asked: URLSearchParams): string {
    const code = randomUUID();
    this.codes.set(code, {
      nonce: asked.get('nonce'),
      challenge: asked.get('code_challenge'),
      back: asked.get('redirect_uri'),
    });
    return `${asked.get('redirect_uri')}?code=${code}&state=${asked.get('state')}`;
  }

  /** For whom tokens are given; nothing where they are not. A code is good once, and so is a token that fetches others. */
  private granted(fields: URLSearchParams): string | null | undefined {
    if (fields.get('client_id') !== CLIENT) return undefined;
    if (fields.get('grant_type') === 'refresh_token')
      return this.refreshing.delete(fields.get('refresh_token')!) ? null : undefined;
    const code = this.codes.get(fields.get('code')!);
    this.codes.delete(fields.get('code')!);
    const proof = createHash('sha256').update(fields.get('code_verifier')!).digest('base64url');
    return code?.challenge === proof && code.back === fields.get('redirect_uri') ? code.nonce : undefined;
  }

  private tokens(nonce: string | null): object {
    const now = Math.floor(Date.now() / 1000);
    const who = { iss: this.url, sub: 'a1b2c3', iat: now };
    const exp = now + this.lifetime;
    this.lifetime = HOUR;
    const refresh_token = randomUUID();
    this.refreshing.add(refresh_token);
    return {
      access_token: this.sign({ ...who, aud: 'lockgate', exp }),
      id_token: this.sign({ ...who, aud: CLIENT, exp: now + 300, nonce, email: 'ada@example.org' }),
      token_type: 'Bearer',
      expires_in: HOUR,
      refresh_token,
    };
  }

  private sign(said: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'RS256', kid: 'k1' })}.${part(said)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.keys.privateKey, 'base64url')}`;
  }
}

async function text(asked: IncomingMessage): Promise<string> {
  let whole = '';
  for await (const some of asked) whole += String(some);
  return whole;
}
