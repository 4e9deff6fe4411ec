// The files of this page: each chosen, announced, sent, and then followed until it ends. It lives as long as the page
// does, whichever of its places is shown. How one file is sent is in `send.ts`, what a file can become in `fits.ts`.
import { Injectable, computed, inject, signal } from '@angular/core';

import type { NewSession, RecipeName, Session, Upload } from '../api/answers';
import { Failure, call, failure } from '../api/call';
import { isOver } from '../api/ended';
import { Poll } from '../parts/poll';
import { fitting, typeOf } from './fits';
import { Recipes } from './recipes';
import { Cancelled, TicketRefused, isOver as isExpired, send, type Sending } from './send';

export type Options = Record<string, unknown>;

export interface Job {
  key: number;
  file: File;
  /** What it may become; the first of them unless said otherwise. */
  choices: RecipeName[];
  recipe: RecipeName | undefined;
  /** Why it will not be sent at all. */
  unfit: string | undefined;
  phase: 'chosen' | 'waiting' | 'sending' | 'sent' | 'stopped';
  sent: number;
  session: Session | undefined;
  id: string | undefined;
  failed: Failure | undefined;
}

/** So many uploads at a time: more would not be faster, and browsers open no more connections than six. */
const AT_ONCE = 3;
/** The most that a list of sessions may hold. */
const LIST_MOST = '100';

@Injectable({ providedIn: 'root' })
export class Queue {
  private readonly recipes = inject(Recipes);
  readonly jobs = signal<readonly Job[]>([]);
  readonly options = signal<Partial<Record<RecipeName, Options>>>({});
  readonly startAtOnce = signal(false);

  readonly sending = computed(
    () => this.jobs().filter((job) => job.phase === 'waiting' || job.phase === 'sending').length,
  );
  readonly unsent = computed(() => this.jobs().filter(canSend));
  readonly ready = computed(() => this.jobs().filter((job) => job.session?.state === 'ReadyToXcode'));

  private readonly tickets = new Map<number, Upload>();
  private readonly running = new Map<number, Sending>();
  private readonly poll = new Poll(() => this.follow());
  private keys = 0;

  add(files: Iterable<File>): void {
    const jobs = [...files].map((file) => this.judged(file));
    this.jobs.update((all) => [...all, ...jobs]);
  }

  /** The recipes came: what was chosen before is judged now. */
  judge(): void {
    const isUnjudged = (job: Job) => !job.recipe && !job.unfit;
    this.jobs.update((all) => all.map((job) => (isUnjudged(job) ? this.judged(job.file, job.key) : job)));
  }

  choose(key: number, recipe: RecipeName): void {
    this.change(key, { recipe });
  }

  remove(key: number): void {
    this.jobs.update((all) => all.filter((job) => job.key !== key));
  }

  clearEnded(): void {
    this.jobs.update((all) => all.filter((job) => !job.unfit && !(job.session && isOver(job.session))));
  }

  /** Announces all that were chosen, so that they stand in the list, and sends a few at a time. */
  async upload(): Promise<void> {
    const jobs = this.unsent();
    for (const job of jobs) this.change(job.key, { phase: 'waiting', failed: undefined, sent: 0 });
    for (const job of jobs) {
      await this.announce(job);
      this.next();
    }
  }

  async retry(key: number): Promise<void> {
    this.change(key, { phase: 'waiting', failed: undefined, sent: 0 });
    const job = this.at(key);
    if (job) await this.announce(job);
    this.next();
  }

  stop(key: number): void {
    this.running.get(key)?.cancel();
    this.change(key, { phase: 'stopped' });
  }

  async start(key: number): Promise<void> {
    const id = this.at(key)?.id;
    if (!id) return;
    try {
      this.change(key, {
        session: await call('put', '/xcode/{id}', { id, has: ['state'] }),
        failed: undefined,
      });
    } catch (thrown) {
      const failed = failure(thrown);
      this.change(key, { failed });
    }
    this.poll.now();
  }

  async startAll(): Promise<void> {
    for (const job of this.ready()) await this.start(job.key);
  }

  private judged(file: File, key = ++this.keys): Job {
    const { recipes, why } = fitting(this.recipes.all(), file);
    const choices = recipes.map((recipe) => recipe.name);
    const unfit = this.recipes.all().length ? why : undefined;
    return {
      ...{ key, file, choices, unfit, recipe: choices[0], phase: 'chosen', sent: 0 },
      ...{ session: undefined, id: undefined, failed: undefined },
    };
  }

  private async announce(job: Job): Promise<void> {
    if (job.id) return;
    const options = job.recipe ? this.options()[job.recipe] : undefined;
    const body: NewSession = {
      fileName: named(job.file.name),
      size: job.file.size,
      contentType: typeOf(job.file),
      recipe: job.recipe ?? null,
      start: this.startAtOnce() ? 'auto' : 'manual',
      ...(options && Object.keys(options).length
        ? { options: options as NonNullable<NewSession['options']> }
        : {}),
    };
    try {
      const made = await call('post', '/xfer', { body, has: ['sessionId', 'upload'] });
      if (made.upload) this.tickets.set(job.key, made.upload);
      this.change(job.key, { id: made.sessionId });
    } catch (thrown) {
      this.change(job.key, { phase: 'stopped', failed: failure(thrown) });
    }
  }

  /** Sends the next ones, as many as there is room for. */
  private next(): void {
    const waiting = this.jobs().filter((job) => job.phase === 'waiting' && job.id);
    for (const job of waiting.slice(0, AT_ONCE - this.running.size)) void this.send(job.key, job.id!);
  }

  private async send(key: number, id: string): Promise<void> {
    this.change(key, { phase: 'sending', sent: 0 });
    this.running.set(key, { done: Promise.resolve(), cancel: () => {} });
    try {
      await this.sendOrRenew(key, id);
      this.change(key, { phase: 'sent', sent: this.at(key)?.file.size ?? 0 });
      this.poll.now();
    } catch (thrown) {
      const failed = thrown instanceof Cancelled ? undefined : failure(thrown);
      this.change(key, { phase: 'stopped', failed });
    } finally {
      this.running.delete(key);
      this.next();
    }
  }

  /** A ticket that has expired is renewed, once. */
  private async sendOrRenew(key: number, id: string): Promise<void> {
    const known = this.tickets.get(key);
    const fresh = !known || isExpired(known);
    try {
      await this.sendBy(key, fresh ? await this.renew(key, id) : known);
    } catch (thrown) {
      if (!(thrown instanceof TicketRefused) || fresh) throw refusedTicket(thrown);
      await this.sendBy(key, await this.renew(key, id)).catch((again) =>
        Promise.reject(refusedTicket(again)),
      );
    }
  }

  private async renew(key: number, id: string): Promise<Upload> {
    const ticket = await call('post', '/api/sessions/{id}/upload', { id, has: ['url', 'headers'] });
    this.tickets.set(key, ticket);
    return ticket;
  }

  private async sendBy(key: number, ticket: Upload): Promise<void> {
    const job = this.at(key);
    if (!job || job.phase !== 'sending') throw new Cancelled();
    const sending = send(job.file, ticket, (sent) =>
      this.change(key, { sent: Math.max(sent, this.at(key)?.sent ?? 0) }),
    );
    this.running.set(key, sending);
    await sending.done;
  }

  /** Looks at all that were sent and have not ended, in one request. */
  private async follow(): Promise<'soon' | 'later' | 'stop'> {
    const open = () =>
      this.jobs().filter((job) => job.phase === 'sent' && !(job.session && isOver(job.session)));
    if (!open().length) return 'stop';
    try {
      const before = JSON.stringify(open().map((job) => [job.session?.state, job.session?.progress]));
      const page = await call('get', '/api/sessions', { query: { limit: LIST_MOST }, has: ['sessions'] });
      const listed = new Map(page.sessions.map((session) => [session.sessionId, session]));
      for (const job of open()) await this.see(job, listed.get(job.id!));
      const after = JSON.stringify(open().map((job) => [job.session?.state, job.session?.progress]));
      return open().length ? (before === after ? 'later' : 'soon') : 'stop';
    } catch {
      return 'later'; // what is shown stays; the strip above says that the network is gone
    }
  }

  private async see(job: Job, listed: Session | undefined): Promise<void> {
    const session = listed ?? (await call('get', '/api/sessions/{id}', { id: job.id!, has: ['state'] }));
    this.change(job.key, { session });
  }

  private at(key: number): Job | undefined {
    return this.jobs().find((job) => job.key === key);
  }

  private change(key: number, change: Partial<Job>): void {
    this.jobs.update((all) => all.map((job) => (job.key === key ? { ...job, ...change } : job)));
  }
}

function canSend(job: Job): boolean {
  return job.phase === 'chosen' && !job.unfit && job.recipe !== undefined;
}

function refusedTicket(thrown: unknown): unknown {
  if (!(thrown instanceof TicketRefused)) return thrown;
  return new Failure(
    'refused',
    'Not permitted',
    'The storage refused the file, with a fresh permission too.',
  );
}

/** The API takes 255 characters and no control characters; the end of a long name says what it is. */
const NAME_MOST = 255;
export function named(name: string): string {
  const signs = [...name.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').trim()];
  if (signs.length <= NAME_MOST) return signs.join('') || 'file';
  const ending = /\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '';
  return signs.slice(0, NAME_MOST - ending.length).join('') + ending;
}
