// One session, live: server-sent events while they can be had, asking every few seconds where they cannot. Nothing is
// held open while nobody looks: browsers allow six connections to a server, all tabs together.
import { signal } from '@angular/core';

import type { Progress, Session } from './answers';
import { address, call, failure, type Failure } from './call';
import { isHeld } from './credential';
import { isOver } from './ended';
import { EventStream } from './stream';

/** `late` is when nothing was heard for a while: what is shown may be old. */
export type Link = 'connecting' | 'live' | 'polling' | 'late' | 'ended';

const POLL_FIRST = 2_000;
const POLL_MOST = 10_000;
/** A stream that cannot stay open comes again after three seconds, and is then to be answered. */
const LATE_AFTER = 5_000;
/** The URLs of results live for a quarter of an hour. */
const REFRESH = 12 * 60_000;

export class SessionWatch {
  readonly session = signal<Session | undefined>(undefined);
  readonly link = signal<Link>('connecting');
  /** Why nothing can be shown at all; `undefined` once something can. */
  readonly failed = signal<Failure | undefined>(undefined);

  private source: EventSource | EventStream | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private late: ReturnType<typeof setTimeout> | undefined;
  private wait = POLL_FIRST;
  private closed = false;

  constructor(private readonly id: string) {
    document.addEventListener('visibilitychange', this.looked);
    addEventListener('online', this.looked);
    void this.begin();
  }

  close(): void {
    this.closed = true;
    document.removeEventListener('visibilitychange', this.looked);
    removeEventListener('online', this.looked);
    this.hangUp();
  }

  /** What an action answered: newer than what was told before. */
  take(session: Session): void {
    this.accept(session);
    if (!isOver(session)) this.listen();
  }

  /** Asks anew, from the beginning. */
  again(): void {
    this.failed.set(undefined);
    void this.begin();
  }

  private readonly looked = (): void => {
    if (document.hidden) this.hangUp();
    else void this.begin();
  };

  private async begin(): Promise<void> {
    if (await this.ask()) this.listen();
  }

  /** Reads the session once; whether there is more to come. */
  private async ask(): Promise<boolean> {
    try {
      const session = await call('get', '/api/sessions/{id}', {
        id: this.id,
        has: ['state', 'source', 'outputs'],
      });
      if (this.closed) return false;
      this.failed.set(undefined);
      this.accept(session);
      return !isOver(session);
    } catch (thrown) {
      if (this.closed) return false;
      const why = failure(thrown);
      if (why.isGone || !this.session()) this.failed.set(why);
      if (why.isGone) return false;
      this.link.set('late');
      this.pollLater();
      return false;
    }
  }

  private listen(): void {
    if (this.source || this.closed || document.hidden) return;
    this.stopPolling();
    const url = address('/api/sessions/{id}/events', this.id);
    const source: EventTarget & (EventSource | EventStream) = isHeld()
      ? new EventStream(url)
      : new EventSource(url);
    this.source = source;
    const on = (kind: string, take: (data: unknown) => void) =>
      (source as EventTarget).addEventListener(kind, (event) => {
        this.heard();
        this.link.set('live');
        take(JSON.parse((event as MessageEvent<string>).data));
      });
    source.addEventListener('open', () => this.heard());
    on('session', (data) => this.accept(data as Session));
    on('progress', (data) => this.advance(data as Progress));
    source.addEventListener('error', () => this.lost(source));
  }

  /** The stream broke off. The browser tries again by itself unless it was refused. */
  private lost(source: EventSource | EventStream): void {
    this.late ??= setTimeout(() => this.link.set('late'), LATE_AFTER);
    if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
    this.source = undefined;
    this.pollLater();
  }

  private heard(): void {
    clearTimeout(this.late);
    this.late = undefined;
    this.wait = POLL_FIRST;
    if (this.link() === 'late') this.link.set('live');
  }

  private pollLater(): void {
    this.stopPolling();
    this.timer = setTimeout(() => void this.poll(), this.wait);
    this.wait = Math.min(this.wait * 1.5, POLL_MOST);
  }

  private async poll(): Promise<void> {
    if (!(await this.ask())) return;
    this.heard();
    this.link.set('polling');
    this.listen();
  }

  private accept(session: Session): void {
    this.session.set(session);
    if (!isOver(session)) return;
    this.hangUp();
    this.link.set('ended');
    this.timer = setTimeout(() => void this.ask(), REFRESH);
  }

  private advance(progress: Progress): void {
    const now = this.session();
    if (!now || progress.attempt < now.attempt) return;
    // Within an attempt it never falls, whatever order things are told in.
    const floor = progress.attempt === now.attempt ? now.progress : 0;
    // What is not said any more is not so any more.
    const { pace: _, ...rest } = now;
    this.session.set({ ...rest, ...progress, progress: Math.max(floor, progress.progress) });
  }

  private hangUp(): void {
    this.source?.close();
    this.source = undefined;
    this.stopPolling();
    clearTimeout(this.late);
    this.late = undefined;
  }

  private stopPolling(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
