// Server-sent events by `fetch`: the browser's own `EventSource` cannot say who asks, and a token in an address would stand
// in every log on the way. It behaves as that does: it comes back by itself with the id of the last event, unless it was
// refused.
import { authorization, renew } from './credential';

const RETRY = 3_000;

export class EventStream extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState: number = EventStream.CONNECTING;

  private readonly stop = new AbortController();
  private lastId = '';
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly url: string) {
    super();
    void this.connect();
  }

  close(): void {
    this.readyState = EventStream.CLOSED;
    clearTimeout(this.timer);
    this.stop.abort();
  }

  private async connect(): Promise<void> {
    try {
      let response = await this.ask();
      if (response.status === 401 && (await renew())) response = await this.ask();
      if (response.status !== 200 || !response.body) return this.end(EventStream.CLOSED);
      this.readyState = EventStream.OPEN;
      this.dispatchEvent(new Event('open'));
      await this.read(response.body);
      this.end(EventStream.CONNECTING);
    } catch {
      this.end(EventStream.CONNECTING);
    }
  }

  private async ask(): Promise<Response> {
    const headers: Record<string, string> = { ...(await authorization()), Accept: 'text/event-stream' };
    if (this.lastId) headers['Last-Event-ID'] = this.lastId;
    return fetch(this.url, { headers, signal: this.stop.signal, cache: 'no-store' });
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      blocks.forEach((block) => this.tell(block));
    }
  }

  private tell(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line));
    const all = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
    const id = all('id').at(-1);
    if (id !== undefined) this.lastId = id;
    const data = all('data');
    if (!data.length || this.readyState === EventStream.CLOSED) return;
    this.dispatchEvent(new MessageEvent(all('event').at(-1) ?? 'message', { data: data.join('\n') }));
  }

  private end(state: number): void {
    if (this.readyState === EventStream.CLOSED) return;
    this.readyState = state;
    if (state === EventStream.CONNECTING) this.timer = setTimeout(() => void this.connect(), RETRY);
    this.dispatchEvent(new Event('error'));
  }
}
