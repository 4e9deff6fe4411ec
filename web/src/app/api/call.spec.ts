import { address, call, failure } from './call';

describe('a call', () => {
  const answered = (body: string, init: ResponseInit = {}) =>
    vi.stubGlobal('fetch', async () => new Response(body, { headers: { 'X-Request-Id': 'an-id' }, ...init }));
  afterEach(() => vi.unstubAllGlobals());
  const ask = () => call('get', '/api/sessions', { has: ['sessions'] }).catch(failure);

  it('fills the path and the query, and leaves out what is not said', () => {
    expect(address('/api/sessions/{id}', 'a/b?c')).toBe('/api/sessions/a%2Fb%3Fc');
    expect(address('/api/webhooks/{id}/deliveries/{delivery}/replay', ['ep_1', '$&/2'])).toBe(
      '/api/webhooks/ep_1/deliveries/%24%26%2F2/replay',
    );
    expect(address('/api/sessions', undefined, { state: 'Done', cursor: undefined })).toBe(
      '/api/sessions?state=Done',
    );
  });

  it('answers with what it was asked for', async () => {
    answered('{"sessions":[]}');
    expect(await ask()).toEqual({ sessions: [] });
  });

  it('passes on what the server refused it with', async () => {
    const problem = {
      type: '/problems/wrong-state',
      title: 'Wrong State',
      status: 400,
      detail: 'No.',
      requestId: 'r',
    };
    answered(JSON.stringify(problem), { status: 400 });
    expect(await ask()).toMatchObject({
      kind: 'refused',
      title: '400 Wrong State',
      detail: 'No.',
      requestId: 'r',
      problem,
    });
  });

  it('takes nonsense for what it is, with the id of the request', async () => {
    for (const body of ['<html>', 'null', '[]', '{}', '']) {
      answered(body);
      expect(await ask(), body).toMatchObject({ kind: 'nonsense', requestId: 'an-id' });
    }
    answered('Bad Gateway', { status: 502, headers: {} });
    expect(await ask()).toMatchObject({ kind: 'nonsense', detail: expect.stringContaining('502') });
  });

  it('tells a server that is away from an answer', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('no network')));
    expect(await ask()).toMatchObject({ kind: 'unreachable' });
  });
});
