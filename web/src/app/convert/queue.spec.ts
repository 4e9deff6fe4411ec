import { TestBed } from '@angular/core/testing';

import { Queue, named } from './queue';
import { Recipes } from './recipes';

/** An XMLHttpRequest that the test answers. */
class Request {
  static all: Request[] = [];
  static answer: (url: string) => number = () => 200;
  upload: { onprogress?: (event: { loaded: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  status = 0;
  responseText = '';
  url = '';
  open(_: string, url: string): void {
    this.url = url;
    Request.all.push(this);
  }
  setRequestHeader(): void {}
  getResponseHeader(): null {
    return null;
  }
  send(): void {
    queueMicrotask(() => {
      this.status = Request.answer(this.url);
      if (this.status) this.onload?.();
      else this.onerror?.();
    });
  }
  abort(): void {
    this.onabort?.();
  }
}

describe('the queue', () => {
  let queue: Queue;
  let asked: string[];
  let life: number;

  beforeEach(() => {
    Request.all = [];
    Request.answer = () => 200;
    asked = [];
    life = 900_000;
    let ids = 0;
    vi.stubGlobal('XMLHttpRequest', Request);
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      asked.push(`${init.method} ${url}`);
      const upload = {
        method: 'PUT',
        url: `http://store/${asked.length}`,
        headers: {},
        expiresAt: new Date(Date.now() + life),
      };
      if (url === '/xfer')
        return Response.json({ sessionId: `s${++ids}`, state: 'NotUploaded', upload }, { status: 201 });
      if (url.endsWith('/upload'))
        return Response.json({ ...upload, expiresAt: new Date(Date.now() + 900_000) });
      return Response.json({ sessions: [], state: 'Done', allowed: [] });
    });
    const recipe = {
      name: 'flac',
      title: 'Sound',
      takes: ['audio/*'],
      endings: [],
      maxBytes: 100,
      timeoutSeconds: 1,
      available: true,
      options: {},
    };
    TestBed.inject(Recipes).all.set([recipe as never]);
    queue = TestBed.inject(Queue);
  });

  afterEach(() => vi.unstubAllGlobals());

  const file = (name = 'a.wav', type = 'audio/wav', size = 10) =>
    new File(['x'.repeat(size)], name, { type });
  const settled = () => vi.waitFor(() => expect(queue.sending()).toBe(0));
  const renewals = () => asked.filter((request) => request.endsWith('/upload'));

  it('announces and sends what fits, and nothing else', async () => {
    queue.add([file(), file('notes.txt', 'text/plain'), file('big.wav', 'audio/wav', 200)]);
    expect(queue.unsent()).toHaveLength(1);
    await queue.upload();
    await settled();
    expect(queue.jobs().map((job) => job.phase)).toEqual(['sent', 'chosen', 'chosen']);
    expect(queue.jobs()[2]!.unfit).toContain('too large');
    expect(renewals()).toEqual([]);
  });

  it('asks for another ticket once when the store refuses the first', async () => {
    Request.answer = () => (Request.all.length === 1 ? 403 : 200);
    queue.add([file()]);
    await queue.upload();
    await settled();
    expect(queue.jobs()[0]!.phase).toBe('sent');
    expect(renewals()).toEqual(['POST /api/sessions/s1/upload']);
  });

  it('says so when the fresh one is refused too', async () => {
    Request.answer = () => 403;
    queue.add([file()]);
    await queue.upload();
    await settled();
    expect(queue.jobs()[0]).toMatchObject({ phase: 'stopped' });
    expect(queue.jobs()[0]!.failed?.detail).toContain('fresh permission');
    expect(renewals()).toHaveLength(1);
  });

  it('does not even try a ticket that has expired', async () => {
    life = -1;
    queue.add([file()]);
    await queue.upload();
    await settled();
    expect(Request.all).toHaveLength(1);
    expect(queue.jobs()[0]!.phase).toBe('sent');
    expect(renewals()).toHaveLength(1);
  });

  it('keeps the file when the network goes, and sends it to the same session later', async () => {
    Request.answer = () => 0;
    queue.add([file()]);
    await queue.upload();
    await settled();
    expect(queue.jobs()[0]).toMatchObject({ phase: 'stopped', id: 's1' });
    Request.answer = () => 200;
    await queue.retry(queue.jobs()[0]!.key);
    await settled();
    expect(queue.jobs()[0]!.phase).toBe('sent');
    expect(asked.filter((request) => request === 'POST /xfer')).toHaveLength(1);
  });

  it('sends three at a time, and its progress never falls', async () => {
    Request.answer = () => 200;
    const held: (() => void)[] = [];
    vi.spyOn(Request.prototype, 'send').mockImplementation(function (this: Request) {
      this.upload.onprogress?.({ loaded: 7 });
      this.upload.onprogress?.({ loaded: 3 });
      held.push(() => {
        this.status = 200;
        this.onload?.();
      });
    });
    queue.add(Array.from({ length: 5 }, (_, index) => file(`${index}.wav`)));
    await queue.upload();
    await vi.waitFor(() => expect(held).toHaveLength(3));
    expect(queue.jobs().map((job) => job.sent)).toEqual([7, 7, 7, 0, 0]);
    held.shift()!();
    await vi.waitFor(() => expect(held).toHaveLength(3));
    while (queue.sending()) {
      held.shift()?.();
      await Promise.resolve();
    }
    vi.restoreAllMocks();
  });
});

describe('a name that is announced', () => {
  it('has no control characters, 255 signs at most, and its ending', () => {
    expect(named('a\u0000b\n.wav')).toBe('ab.wav');
    const long = named(`${'ü'.repeat(4000)}.flac`);
    expect([...long]).toHaveLength(255);
    expect(long.endsWith('ü.flac')).toBe(true);
    expect(named('\u0007')).toBe('file');
    expect(named('<b>&\u202e.wav')).toBe('<b>&\u202e.wav');
  });
});
