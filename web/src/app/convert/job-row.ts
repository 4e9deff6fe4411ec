// One file on its way: what it is, how far it is, and what can be done with it now.
import { Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';

import type { RecipeName } from '../api/answers';
import { Alert } from '../parts/alert';
import { Badge } from '../parts/badge';
import { Bar } from '../parts/bar';
import { KeepsFocus } from '../parts/keeps-focus';
import { Name } from '../parts/name';
import { STAGES, STATES, bytes, percent } from '../parts/words';
import { Queue, type Job } from './queue';
import { Recipes } from './recipes';

@Component({
  selector: 'lg-job-row',
  imports: [RouterLink, Alert, Badge, Bar, Name],
  hostDirectives: [KeepsFocus],
  host: { class: 'job', role: 'listitem', '[attr.data-phase]': 'job().phase' },
  template: `
    @let one = job();
    <div class="job-head">
      <div class="job-name">
        @if (one.id) {
          <a [routerLink]="['/sessions', one.id]"><lg-name [whole]="one.file.name" /></a>
        } @else {
          <lg-name [whole]="one.file.name" />
        }
        <span class="muted num">{{ size() }}</span>
      </div>
      <div class="job-state">
        @if (one.unfit) {
          <span class="badge bad">Can't be taken</span>
        } @else if (one.phase === 'chosen' && one.choices.length > 1) {
          <select [attr.aria-label]="'What to make of ' + one.file.name" (change)="choose($event)">
            @for (name of one.choices; track name) {
              <option [value]="name" [selected]="name === one.recipe">{{ recipes.title(name) }}</option>
            }
          </select>
        } @else if (one.phase === 'chosen' && one.recipe) {
          <span class="muted small">{{ recipes.title(one.recipe) }}</span>
        } @else if (one.phase === 'waiting') {
          <span class="muted small">Waits for its turn</span>
        } @else if (one.session; as session) {
          <lg-badge [state]="session.state" />
        } @else if (one.phase === 'sent') {
          <span class="muted small">Uploaded, being checked</span>
        }
      </div>
      <div class="job-actions">
        @if (one.phase === 'chosen') {
          <button
            type="button"
            class="quiet"
            [attr.aria-label]="'Remove ' + one.file.name"
            (click)="queue.remove(one.key)"
          >
            Remove
          </button>
        }
        @if (one.phase === 'sending' || one.phase === 'waiting') {
          <button
            type="button"
            class="quiet"
            [attr.aria-label]="'Stop uploading ' + one.file.name"
            (click)="queue.stop(one.key)"
          >
            Stop
          </button>
        }
        @if (one.phase === 'stopped') {
          <button
            type="button"
            [attr.aria-label]="'Try again to upload ' + one.file.name"
            (click)="queue.retry(one.key)"
          >
            Try again
          </button>
        }
        @if (one.session?.state === 'ReadyToXcode') {
          <button
            type="button"
            class="primary"
            [attr.aria-label]="'Transcode ' + one.file.name"
            (click)="queue.start(one.key)"
          >
            Transcode
          </button>
        }
        @if (one.session?.state === 'Done' || one.session?.state === 'Failed') {
          <a
            class="button"
            [routerLink]="['/sessions', one.id]"
            [attr.aria-label]="
              (one.session?.state === 'Done' ? 'Results of ' : 'What happened to ') + one.file.name
            "
            >{{ one.session?.state === 'Done' ? 'Results' : 'What happened' }}</a
          >
        }
      </div>
    </div>
    @if (one.unfit) {
      <p class="small bad-ink">{{ one.unfit }}</p>
    }
    @if (one.phase === 'sending') {
      <div class="job-bar">
        <lg-bar [percent]="sentPercent()" [label]="'Upload of ' + one.file.name" />
        <span class="num small">{{ percent(sentPercent()) }} · {{ bytes(one.sent) }} of {{ size() }}</span>
      </div>
    }
    @if (one.session; as session) {
      @if (session.state === 'Transcoding') {
        <div class="job-bar">
          <lg-bar [percent]="session.progress" [label]="'Transcoding of ' + one.file.name" />
          <span class="num small">{{ percent(session.progress) }} · {{ stages[session.stage] }}</span>
        </div>
      }
      @if (session.problem; as problem) {
        <p class="small bad-ink break">{{ problem.title }} {{ problem.detail }}</p>
      }
    }
    @if (one.failed; as failed) {
      <lg-alert [failure]="failed" [title]="failedTitle()" [detail]="failedDetail()" />
    }
  `,
})
export class JobRow {
  protected readonly queue = inject(Queue);
  protected readonly recipes = inject(Recipes);
  readonly job = input.required<Job>();
  protected readonly bytes = bytes;
  protected readonly percent = percent;
  protected readonly stages = STAGES;

  protected readonly size = computed(() => bytes(this.job().file.size));
  protected readonly sentPercent = computed(() =>
    Math.min(100, (100 * this.job().sent) / this.job().file.size),
  );
  private readonly wrongState = computed(() => {
    const problem = this.job().failed?.problem;
    return problem?.type.endsWith('/wrong-state') ? problem : undefined;
  });
  protected readonly failedTitle = computed(() => {
    const { failed, session } = this.job();
    if (this.wrongState()) return `Can't transcode this file: ${failed!.title}`;
    return session ? failed!.title : `Upload failed. ${failed!.title}`;
  });
  protected readonly failedDetail = computed(() => {
    const state = this.wrongState()?.state;
    if (!state) return this.job().failed!.detail;
    return `It is in the state “${STATES[state].word}” already: somebody else, or another tab, was faster. Nothing is wrong with it.`;
  });

  protected choose(event: Event): void {
    this.queue.choose(this.job().key, (event.target as HTMLSelectElement).value as RecipeName);
  }
}
