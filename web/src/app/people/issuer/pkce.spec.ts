import { challenge, claims, random } from './pkce';

describe('what proves who has begun a sign-in', () => {
  it('is the challenge of RFC 7636, appendix B', async () => {
    expect(await challenge('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
      'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    );
  });

  it('is never the same, and of signs that an address takes as they are', () => {
    const drawn = Array.from({ length: 50 }, random);
    expect(new Set(drawn).size).toBe(50);
    for (const one of drawn) expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('reads what a token says, and of nonsense nothing', () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ name: 'Zoë ✓' }));
    const body = btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_');
    expect(claims(`head.${body}.signature`)).toEqual({ name: 'Zoë ✓' });
    for (const nonsense of ['', 'head', 'a.?.c', `a.${btoa('[')}.c`, `a.${btoa('"text"')}.c`])
      expect(claims(nonsense), nonsense).toBeUndefined();
  });
});
