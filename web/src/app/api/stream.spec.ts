import { letGo, take } from './credential';
import { EventStream } from './stream';

/** A body that the test writes. */
function body() {
  let pen!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (pen = controller) });
  const write = (text: string) => pen.enqueue(new TextEncoder().encode(text));
  return { stream, write, end: () => pen.close() };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('an event stream', () => {
  let asked: Record<string, string>[];
  let answers: (() => Response)[];
  let stream: EventStream;

  beforeEach(() => {
    vi.useFakeTimers();
    asked = [];
    take({ accessToken: 't1' } as never);
    vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
      asked.push(init.headers as Record<string, string>);
      const next = answers.shift();
      if (!next) throw new TypeError('no network');
      return next();
    });
  });

  afterEach(() => {
    stream.close();
    letGo();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const heard = (kind: string): string[] => {
    const all: string[] = [];
    stream.addEventListener(kind, (event) => all.push((event as MessageEvent<string>).data));
    return all;
  };

  it('says who asks, and tells events however they are cut', async () => {
    const { stream: first, write } = body();
    answers = [() => new Response(first)];
    stream = new EventStream('/events');
    const [sessions, progress] = [heard('session'), heard('progress')];
    await settle();
    for (const piece of ['retry: 3000\n\nid: 1.0\neve', 'nt: session\ndata: {"a":', '1}\n', '\n: beat\n\n'])
      write(piece);
    write('id: 1.5\nevent: progress\ndata: x\ndata: y\n\n');
    await settle();
    expect(sessions).toEqual(['{"a":1}']);
    expect(progress).toEqual(['x\ny']);
    expect(asked[0]).toMatchObject({ Authorization: 'Bearer t1' });
  });

  it('comes back with the id of the last event', async () => {
    const [first, second] = [body(), body()];
    answers = [() => new Response(first.stream), () => new Response(second.stream)];
    stream = new EventStream('/events');
    const errors: number[] = [];
    stream.addEventListener('error', () => errors.push(stream.readyState));
    await settle();
    first.write('id: 7.2\nevent: session\ndata: x\n\n');
    first.end();
    await settle();
    expect(errors).toEqual([EventStream.CONNECTING]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked[1]).toMatchObject({ 'Last-Event-ID': '7.2' });
    expect(stream.readyState).toBe(EventStream.OPEN);
  });

  it('fetches the next token when the one it has has ended', async () => {
    const { stream: well } = body();
    answers = [
      () => new Response('', { status: 401 }),
      () => new Response('{"accessToken":"t2"}'),
      () => new Response(well),
    ];
    stream = new EventStream('/events');
    await settle();
    expect(asked[2]).toMatchObject({ Authorization: 'Bearer t2' });
    expect(stream.readyState).toBe(EventStream.OPEN);
  });

  it('gives up when it is refused, or the session has ended', async () => {
    for (const status of [204, 404]) {
      answers = [() => new Response(null, { status })];
      stream = new EventStream('/events');
      await settle();
      expect(stream.readyState, `${status}`).toBe(EventStream.CLOSED);
    }
  });

  it('says nothing more once it is closed', async () => {
    const { stream: first, write } = body();
    answers = [() => new Response(first)];
    stream = new EventStream('/events');
    const sessions = heard('session');
    await settle();
    stream.close();
    write('event: session\ndata: x\n\n');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sessions).toEqual([]);
    expect(asked.length).toBe(1);
  });
});
