// How an attempt went: graph, timeline, events, and whatever one wants to know of a chosen state.
import { Component, computed, effect, inject, signal, untracked } from '@angular/core';

import type { History } from '../../api/answers';
import { address, call, failure, type Failure } from '../../api/call';
import { Alert } from '../../parts/alert';
import { Poll } from '../../parts/poll';
import { count, moment, number, span } from '../../parts/words';
import { isOver } from '../../api/ended';
import { Current } from '../current';
import { STATUSES, StateGraph } from './state-graph';
import { pretty, rows, stories } from './story';
import { Timeline } from './timeline';

const WORDS: Record<string, string> = {
  RUNNING: 'Running',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  TIMED_OUT: 'Timed out',
  ABORTED: 'Stopped',
};
const TONES: Record<string, string> = {
  RUNNING: 'run',
  SUCCEEDED: 'ok',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  ABORTED: 'bad',
};

/** So many events are shown at first: more make a page slow, and few read them. */
const SHOWN_FIRST = 200;

@Component({
  selector: 'lg-execution',
  imports: [Alert, StateGraph, Timeline],
  host: { class: 'stack' },
  templateUrl: './execution.html',
})
export class ExecutionView {
  private readonly current = inject(Current);
  protected readonly session = this.current.session;
  protected readonly count = count;
  protected readonly moment = moment;
  protected readonly number = number;
  protected readonly pretty = pretty;
  protected readonly span = span;
  protected readonly statuses = STATUSES;
  protected readonly words = WORDS;
  protected readonly tones = TONES;

  protected readonly history = signal<History | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly attempt = signal<number | undefined>(undefined);
  protected readonly chosen = signal<string | undefined>(undefined);
  protected readonly shown = signal(SHOWN_FIRST);
  protected readonly now = signal(Date.now());

  protected readonly executions = computed(() => this.history()?.executions ?? []);
  /** The chosen attempt, or the latest. */
  protected readonly execution = computed(() => {
    const all = this.executions();
    return all.find((one) => one.attempt === this.attempt()) ?? all.at(-1);
  });
  protected readonly stories = computed(() => {
    const execution = this.execution();
    return execution ? stories(execution) : [];
  });
  protected readonly rows = computed(() => {
    const execution = this.execution();
    const chosen = this.chosen();
    return execution ? rows(execution).filter((row) => !chosen || row.state === chosen) : [];
  });
  protected readonly chosenStories = computed(() =>
    this.stories().filter((one) => one.step.name === this.chosen()),
  );
  /** The step that a redrive would do again: the last in which something failed. */
  protected readonly broken = computed(() => {
    const session = this.session();
    if (session?.state !== 'Failed') return undefined;
    const steps = this.executions().at(-1)?.steps ?? [];
    return steps.findLast((step) => step.failures > 0 || step.status === 'stopped')?.name;
  });
  protected readonly retried = computed(() => this.stories().filter((one) => one.tries.length));
  protected readonly exportAddress = computed(() =>
    address('/api/sessions/{id}/history', this.session()?.sessionId ?? ''),
  );
  protected readonly exportName = computed(
    () => `${this.session()?.source.fileName ?? 'session'}.history.json`,
  );

  private readonly poll = new Poll(() => this.read());

  constructor() {
    // What a session passes through changes its history; so does every percent, as far as a look is worth it.
    effect(() => {
      const session = this.session();
      if (!session) return;
      void [session.state, session.attempt, session.stage];
      untracked(() => this.poll.now());
    });
  }

  protected between(from: string, to: string): number {
    return Date.parse(to) - Date.parse(from);
  }

  protected choose(attempt: number): void {
    this.attempt.set(attempt);
    this.chosen.set(undefined);
    this.shown.set(SHOWN_FIRST);
  }

  protected more(): void {
    this.shown.update((shown) => shown * 5);
  }

  private async read(): Promise<'soon' | 'later' | 'stop'> {
    const session = this.session();
    if (!session) return 'stop';
    if (session.attempt === 0) {
      this.history.set({ sessionId: session.sessionId, executions: [] });
      return 'stop';
    }
    try {
      const history = await call('get', '/api/sessions/{id}/history', {
        id: session.sessionId,
        has: ['executions'],
      });
      const before = this.history();
      this.history.set(history);
      this.failed.set(undefined);
      this.now.set(Date.now());
      const runs = history.executions.at(-1)?.status === 'RUNNING' || !isOver(session);
      if (!runs) return 'stop';
      return JSON.stringify(before) === JSON.stringify(history) ? 'later' : 'soon';
    } catch (thrown) {
      this.failed.set(failure(thrown));
      return 'later';
    }
  }
}
