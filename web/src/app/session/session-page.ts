// One session: what it is, how far it is, what can be done with it; below, its results or its execution.
import { Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';

import { failure, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Badge } from '../parts/badge';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { Name, cut } from '../parts/name';
import { STATES, bytes, count, moment } from '../parts/words';
import { ACTIONS, can, perform, type Action } from '../sessions/actions';
import { Current } from './current';
import { kept } from './kept';
import { LateUpload } from './late-upload';
import { Pace } from './pace';

@Component({
  selector: 'lg-session-page',
  imports: [
    RouterOutlet,
    RouterLink,
    RouterLinkActive,
    Alert,
    Badge,
    Heading,
    KeepsFocus,
    Name,
    LateUpload,
    Pace,
  ],
  providers: [Current],
  host: { class: 'page wide' },
  templateUrl: './session-page.html',
})
export class SessionPage {
  private readonly router = inject(Router);
  private readonly titles = inject(Title);
  protected readonly current = inject(Current);
  readonly id = input.required<string>();

  protected readonly session = this.current.session;
  protected readonly actions = ACTIONS;
  protected readonly bytes = bytes;
  protected readonly count = count;
  protected readonly kept = kept;
  protected readonly moment = moment;
  protected readonly slow = signal(false);
  protected readonly doing = signal<Action | undefined>(undefined);
  protected readonly asking = signal(false);
  protected readonly refused = signal<{ action: Action; failure: Failure } | undefined>(undefined);

  protected readonly able = computed(() => {
    const session = this.session();
    return session ? (['start', 'redrive', 'cancel'] as const).filter((action) => can(action, session)) : [];
  });
  /** A state that another tab has moved the session out of, in plain words. */
  protected readonly wrongState = computed(() => {
    const problem = this.refused()?.failure.problem;
    if (!problem?.type.endsWith('/wrong-state') || !problem.state) return undefined;
    return `It is in the state “${STATES[problem.state].word}” now: somebody else, or another tab, was faster. What you see is what is the case.`;
  });

  constructor() {
    effect(() => {
      const id = this.id();
      untracked(() => this.current.open(id));
    });
    effect(() => {
      const name = this.session()?.source.fileName;
      this.titles.setTitle(`${name ? cut(name, 60) : 'Session'} – Lockgate`);
    });
    setTimeout(() => this.slow.set(true), 300);
  }

  protected async act(action: Action): Promise<void> {
    if (this.doing()) return;
    this.asking.set(false);
    this.refused.set(undefined);
    this.doing.set(action);
    try {
      const session = await perform(action, this.id());
      if (session) this.current.take(session);
      else void this.router.navigate(['/sessions']);
    } catch (thrown) {
      this.refused.set({ action, failure: failure(thrown) });
      this.current.again();
    } finally {
      this.doing.set(undefined);
    }
  }
}
