// What can be made here, asked once.
import { Injectable, signal } from '@angular/core';

import type { Recipe } from '../api/answers';
import { call, failure, type Failure } from '../api/call';

@Injectable({ providedIn: 'root' })
export class Recipes {
  readonly all = signal<readonly Recipe[]>([]);
  readonly failed = signal<Failure | undefined>(undefined);
  private asked: Promise<void> | undefined;

  load(): Promise<void> {
    this.asked ??= this.ask();
    return this.asked;
  }

  /** Once what may be made has changed. */
  again(): Promise<void> {
    this.asked = this.ask();
    return this.asked;
  }

  title(name: string): string {
    return this.all().find((recipe) => recipe.name === name)?.title ?? name;
  }

  private async ask(): Promise<void> {
    try {
      this.all.set((await call('get', '/api/recipes', { has: ['recipes'] })).recipes);
      this.failed.set(undefined);
    } catch (thrown) {
      this.asked = undefined;
      this.failed.set(failure(thrown));
    }
  }
}
