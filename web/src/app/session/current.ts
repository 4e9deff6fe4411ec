// The session that is looked at, shared by the page and its views.
import { Injectable, OnDestroy, computed, signal } from '@angular/core';

import { SessionWatch } from '../api/watch';
import type { Session } from '../api/answers';

@Injectable()
export class Current implements OnDestroy {
  private readonly watch = signal<SessionWatch | undefined>(undefined);

  readonly session = computed(() => this.watch()?.session());
  readonly link = computed(() => this.watch()?.link() ?? 'connecting');
  readonly failed = computed(() => this.watch()?.failed());

  open(id: string): void {
    this.watch()?.close();
    this.watch.set(new SessionWatch(id));
  }

  take(session: Session): void {
    this.watch()?.take(session);
  }

  again(): void {
    this.watch()?.again();
  }

  ngOnDestroy(): void {
    this.watch()?.close();
  }
}
