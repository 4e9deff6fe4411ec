// All sessions, newest first: filtered, page by page, kept fresh while something moves, and worked on several at once.
import { Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import type { Session, SessionList } from '../api/answers';
import { call, failure, type Failure } from '../api/call';
import { recipeValues, stateValues } from '../api/schema';
import { isOver } from '../api/ended';
import { Alert } from '../parts/alert';
import { Badge } from '../parts/badge';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { Name } from '../parts/name';
import { Poll } from '../parts/poll';
import { Account } from '../people/account';
import { STATES, bytes, count, dayAndTime, percent } from '../parts/words';
import { ACTIONS, can, performAll, type Action } from './actions';

const ON_A_PAGE = '25';

@Component({
  selector: 'lg-sessions-page',
  imports: [RouterLink, Alert, Badge, Heading, KeepsFocus, Name],
  host: { class: 'page wide' },
  templateUrl: './sessions-page.html',
})
export class SessionsPage {
  private readonly router = inject(Router);
  protected readonly account = inject(Account);
  // From the address, so that back, reload and another tab show the same.
  readonly state = input<string>();
  readonly recipe = input<string>();
  /** `*` is everybody; for admins. */
  readonly owner = input<string>();
  readonly cursor = input<string>();

  protected readonly states = stateValues;
  protected readonly recipes = recipeValues;
  protected readonly words = STATES;
  protected readonly actions = ACTIONS;
  protected readonly bulk: Action[] = ['start', 'cancel', 'redrive', 'delete'];
  protected readonly bytes = bytes;
  protected readonly count = count;
  protected readonly dayAndTime = dayAndTime;
  protected readonly percent = percent;

  protected readonly list = signal<SessionList | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly slow = signal(false);
  protected readonly chosen = signal<ReadonlySet<string>>(new Set());
  protected readonly doing = signal<Action | undefined>(undefined);
  protected readonly asking = signal(false);
  protected readonly outcome = signal<string>('');
  protected readonly refused = signal<{ session: Session; failure: Failure }[]>([]);

  protected readonly sessions = computed(() => this.list()?.sessions ?? []);
  protected readonly isFiltered = computed(() => !!(this.state() || this.recipe()));
  protected readonly picked = computed(() =>
    this.sessions().filter((one) => this.chosen().has(one.sessionId)),
  );
  protected readonly allPicked = computed(
    () => this.picked().length > 0 && this.picked().length === this.sessions().length,
  );

  private readonly poll = new Poll(() => this.read());
  private asked = 0;

  constructor() {
    effect((onCleanup) => {
      this.state();
      this.recipe();
      this.owner();
      this.cursor();
      untracked(() => this.turn());
      const slow = setTimeout(() => this.slow.set(true), 300);
      onCleanup(() => clearTimeout(slow));
    });
  }

  protected filter(name: 'state' | 'recipe' | 'owner', event: Event): void {
    const value = (event.target as HTMLSelectElement).value || null;
    void this.router.navigate([], {
      queryParams: { [name]: value, cursor: null },
      queryParamsHandling: 'merge',
    });
  }

  protected again(): void {
    this.poll.now();
  }

  protected pick(id: string, event: Event): void {
    const picked = new Set(this.chosen());
    if ((event.target as HTMLInputElement).checked) picked.add(id);
    else picked.delete(id);
    this.chosen.set(picked);
    this.asking.set(false);
  }

  protected pickAll(event: Event): void {
    const all = (event.target as HTMLInputElement).checked ? this.sessions().map((one) => one.sessionId) : [];
    this.chosen.set(new Set(all));
    this.asking.set(false);
  }

  protected able(action: Action): Session[] {
    return this.picked().filter((session) => can(action, session));
  }

  protected async act(action: Action): Promise<void> {
    const sessions = this.able(action);
    if (!sessions.length || this.doing()) return;
    if (action === 'delete' && !this.asking()) {
      this.asking.set(true);
      return;
    }
    this.asking.set(false);
    this.doing.set(action);
    const failed = await performAll(
      action,
      sessions.map((one) => one.sessionId),
    );
    this.doing.set(undefined);
    this.refused.set(
      sessions.flatMap((session) => {
        const why = failed.get(session.sessionId);
        return why ? [{ session, failure: why }] : [];
      }),
    );
    const well = sessions.length - failed.size;
    this.outcome.set(
      `${ACTIONS[action].word}: done for ${count(well, 'session')}${failed.size ? `, refused for ${failed.size}` : ''}.`,
    );
    this.chosen.set(new Set());
    this.poll.now();
  }

  private turn(): void {
    this.list.set(undefined);
    this.slow.set(false);
    this.chosen.set(new Set());
    this.asked += 1;
    this.poll.now();
  }

  private async read(): Promise<'soon' | 'later' | 'stop'> {
    const asked = this.asked;
    const query = {
      state: this.state(),
      recipe: this.recipe(),
      owner: this.owner(),
      cursor: this.cursor(),
      limit: ON_A_PAGE,
    };
    try {
      const list = await call('get', '/api/sessions', { query, has: ['sessions'] });
      if (asked !== this.asked) return 'soon';
      const before = this.list();
      this.list.set(list);
      this.failed.set(undefined);
      const moves = list.sessions.some((session) => !isOver(session));
      const changed = !before || marks(before) !== marks(list);
      return moves && changed ? 'soon' : 'later';
    } catch (thrown) {
      if (asked === this.asked) this.failed.set(failure(thrown));
      return 'later';
    }
  }
}

function marks(list: SessionList): string {
  return list.sessions.map((one) => `${one.sessionId}${one.state}${one.progress}`).join();
}
