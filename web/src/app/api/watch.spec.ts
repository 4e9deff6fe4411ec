import type { Session } from './answers';
import { SessionWatch } from './watch';

/** An event stream that the test tells what to say. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = 1;
  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }
  close(): void {
    this.readyState = Stream.CLOSED;
  }
  say(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  }
  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

const session = (change: Partial<Session>): Session =>
  ({
    sessionId: 's',
    state: 'Transcoding',
    stage: 'working',
    attempt: 1,
    progress: 10,
    source: {},
    outputs: [],
    ...change,
  }) as Session;

describe('a session that is watched', () => {
  let answers: (() => Response)[];
  let watch: SessionWatch;
  const json =
    (body: unknown, status = 200) =>
    () =>
      new Response(JSON.stringify(body), { status });

  beforeEach(() => {
    vi.useFakeTimers();
    Stream.all = [];
    answers = [];
    vi.stubGlobal('EventSource', Stream);
    vi.stubGlobal('fetch', async () => {
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (!next) throw new TypeError('no network');
      return next();
    });
  });

  afterEach(() => {
    watch.close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const begin = async () => {
    watch = new SessionWatch('s');
    await vi.advanceTimersByTimeAsync(0);
  };

  it('is read once, then told by the stream; its percent never falls', async () => {
    answers = [json(session({}))];
    await begin();
    expect(Stream.all.map((stream) => stream.url)).toEqual(['/api/sessions/s/events']);
    const [stream] = Stream.all;
    stream!.say('progress', { attempt: 1, progress: 40, stage: 'working' });
    stream!.say('progress', { attempt: 1, progress: 30, stage: 'verifying' });
    expect(watch.session()).toMatchObject({ progress: 40, stage: 'verifying' });
    stream!.say('progress', { attempt: 0, progress: 99, stage: 'working' });
    expect(watch.session()?.progress).toBe(40);
    stream!.say('progress', { attempt: 2, progress: 1, stage: 'working' });
    expect(watch.session()).toMatchObject({ attempt: 2, progress: 1 });
    expect(watch.link()).toBe('live');
  });

  it('goes at the pace that was told last, and at none once none is told', async () => {
    answers = [json(session({}))];
    await begin();
    const tell = (more: object) =>
      Stream.all[0]!.say('progress', { attempt: 1, progress: 40, stage: 'working', ...more });
    tell({ pace: { fps: 48 } });
    expect(watch.session()?.pace).toEqual({ fps: 48 });
    tell({ stage: 'verifying' });
    expect(watch.session()).not.toHaveProperty('pace');
  });

  it('is not late between the calls of a stream that cannot stay open', async () => {
    answers = [json(session({}))];
    await begin();
    Stream.all[0]!.fail(0);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(watch.link()).not.toBe('late');
    Stream.all[0]!.dispatchEvent(new Event('open'));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(watch.link()).not.toBe('late');
  });

  it('ends with its session', async () => {
    answers = [json(session({}))];
    await begin();
    Stream.all[0]!.say('session', session({ state: 'Done' }));
    expect(watch.link()).toBe('ended');
    expect(Stream.all[0]!.readyState).toBe(Stream.CLOSED);
  });

  it('says that it is late when nothing is heard, and no more once something is', async () => {
    answers = [json(session({}))];
    await begin();
    Stream.all[0]!.fail(0);
    expect(watch.link()).not.toBe('late');
    await vi.advanceTimersByTimeAsync(6_000);
    expect(watch.link()).toBe('late');
    Stream.all[0]!.say('progress', { attempt: 1, progress: 50, stage: 'working' });
    expect(watch.link()).toBe('live');
  });

  it('asks by itself where there is no stream', async () => {
    answers = [json(session({})), json(session({ progress: 60 }))];
    await begin();
    Stream.all[0]!.fail(Stream.CLOSED);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(watch.session()?.progress).toBe(60);
    expect(watch.link()).toBe('polling');
    answers = [json(session({ state: 'Done' }))];
    Stream.all.at(-1)!.fail(Stream.CLOSED);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(watch.session()?.state).toBe('Done');
  });

  it('keeps what it knows while the server is away, and goes on once it is back', async () => {
    answers = [json(session({}))];
    await begin();
    answers = [];
    Stream.all[0]!.fail(Stream.CLOSED);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(watch.session()?.progress).toBe(10);
    expect(watch.failed()).toBeUndefined();
    answers = [json(session({ progress: 70 }))];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watch.session()?.progress).toBe(70);
  });

  it('says what is wrong with a session that is gone, or with an answer that is none', async () => {
    answers = [
      json(
        { type: '/problems/deleted', title: 'Deleted', status: 410, detail: 'It was.', requestId: 'r' },
        410,
      ),
    ];
    await begin();
    expect(watch.failed()?.isGone).toBe(true);
    watch.close();
    answers = [() => new Response('<html>', { status: 200, headers: { 'X-Request-Id': 'an-id' } })];
    await begin();
    expect(watch.failed()).toMatchObject({ kind: 'nonsense', requestId: 'an-id' });
  });
});
