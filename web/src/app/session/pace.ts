// How far an attempt is, at which stage, how fast it goes, and about how long it will take yet.
import { Component, computed, effect, input, signal, untracked } from '@angular/core';

import type { Session } from '../api/answers';
import { Bar } from '../parts/bar';
import { about, remaining, sampled, told, type Sample } from '../parts/eta';
import { STAGES, frames, percent } from '../parts/words';

@Component({
  selector: 'lg-pace',
  imports: [Bar],
  host: { class: 'panel pace', 'data-test': 'pace' },
  template: `
    <div class="row-between">
      <strong
        >{{ stage() }}
        @if (session().attempt > 1) {
          <span class="muted">· attempt {{ session().attempt }}</span>
        }
      </strong>
      <span class="num" data-test="percent">{{ percent(session().progress) }}</span>
    </div>
    <lg-bar [percent]="session().progress" label="Progress of the attempt" />
    <div class="row-between small muted">
      <span>You may leave this page: the work goes on.</span>
      <span class="num">
        @if (film(); as pace) {
          <span data-test="fps">{{ frames(pace.fps) }}</span>
          @if (left()) {
            ·
          }
        }
        {{ left() }}
      </span>
    </div>
  `,
})
export class Pace {
  readonly session = input.required<Session>();
  protected readonly frames = frames;
  protected readonly percent = percent;
  private readonly samples = signal<readonly Sample[]>([]);

  protected readonly stage = computed(() => STAGES[this.session().stage] ?? this.session().stage);
  /** Before its first frame, nothing is known of it. */
  protected readonly film = computed(() => {
    const { pace } = this.session();
    return pace && pace.fps > 0 ? pace : undefined;
  });
  protected readonly left = computed(() => {
    const said = this.film()?.etaSeconds;
    const seen = remaining(this.samples(), this.samples().at(-1)?.at ?? 0);
    const range = said === undefined ? seen : about(said);
    return range ? told(range) : '';
  });

  constructor() {
    effect(() => {
      const sample = { at: Date.now(), percent: this.session().progress };
      untracked(() => this.samples.update((all) => sampled(all, sample)));
    });
  }
}
