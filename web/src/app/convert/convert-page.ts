// The first page: files in, one or many, each sent and started from here.
import { Component, computed, effect, inject } from '@angular/core';
import { RouterLink } from '@angular/router';

import type { Recipe } from '../api/answers';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { count } from '../parts/words';
import { DropZone } from './drop-zone';
import { JobRow } from './job-row';
import { OptionsForm } from './options-form';
import { Queue, type Options } from './queue';
import { Recipes } from './recipes';

@Component({
  selector: 'lg-convert-page',
  imports: [RouterLink, Alert, Heading, DropZone, JobRow, OptionsForm],
  host: { class: 'page' },
  template: `
    <h1 lgHeading>Convert</h1>
    @if (recipes.failed(); as failed) {
      <lg-alert [failure]="failed" title="What can be made here is not known">
        <button type="button" (click)="recipes.load()">Try again</button>
      </lg-alert>
    }
    <lg-drop-zone (files)="queue.add($event)" />

    @for (recipe of unavailable(); track recipe.name) {
      <p class="notice">
        <strong>{{ recipe.title }}</strong> is not available here. {{ recipe.unavailableBecause }}
      </p>
    }

    @if (queue.jobs().length) {
      <section class="stack" aria-labelledby="files">
        <div class="row-between">
          <h2 id="files">{{ count(queue.jobs().length, 'file') }}</h2>
          @if (ended()) {
            <button type="button" class="quiet" (click)="queue.clearEnded()">Clear what has ended</button>
          }
        </div>
        <div class="jobs" role="list">
          @for (job of queue.jobs(); track job.key) {
            <lg-job-row [job]="job" />
          }
        </div>
        @for (recipe of configurable(); track recipe.name) {
          <details class="panel">
            <summary>
              Options: {{ recipe.title }}
              @if (said(recipe); as number) {
                <span class="pill">{{ number }}</span>
              }
            </summary>
            <lg-options-form
              [recipe]="recipe"
              [options]="options(recipe)"
              (said)="setOptions(recipe, $event)"
            />
          </details>
        }
        <div class="dock">
          <label class="check">
            <input
              type="checkbox"
              [checked]="queue.startAtOnce()"
              (change)="queue.startAtOnce.set($any($event.target).checked)"
            />
            Start at once
          </label>
          <button
            type="button"
            [class.primary]="queue.unsent().length"
            [attr.aria-disabled]="queue.unsent().length ? null : true"
            (click)="queue.unsent().length && queue.upload()"
          >
            {{ queue.unsent().length ? 'Upload ' + count(queue.unsent().length, 'file') : 'Upload' }}
          </button>
          <button
            type="button"
            [class.primary]="queue.ready().length && !queue.unsent().length"
            [attr.aria-disabled]="queue.ready().length ? null : true"
            (click)="queue.ready().length && queue.startAll()"
          >
            {{
              queue.ready().length > 1 ? 'Transcode ' + count(queue.ready().length, 'file') : 'Transcode all'
            }}
          </button>
        </div>
        <p class="small muted" aria-live="polite">{{ status() }}</p>
      </section>
    } @else {
      <p class="muted">
        A file is uploaded first and converted when you say so. Once it is uploaded you may leave: the work
        goes on, and
        <a routerLink="/sessions">Sessions</a> has it, here and in every other tab.
      </p>
    }
  `,
})
export class ConvertPage {
  protected readonly queue = inject(Queue);
  protected readonly recipes = inject(Recipes);
  protected readonly count = count;

  protected readonly unavailable = computed(() => this.recipes.all().filter((recipe) => !recipe.available));
  protected readonly configurable = computed(() => {
    const wanted = new Set(this.queue.unsent().map((job) => job.recipe));
    return this.recipes.all().filter((recipe) => wanted.has(recipe.name) && 'properties' in recipe.options);
  });
  protected readonly ended = computed(() =>
    this.queue
      .jobs()
      .some((job) => job.unfit || job.session?.state === 'Done' || job.session?.state === 'Failed'),
  );
  /** Told twice on the way, and not at every percent. */
  protected readonly status = computed(() => {
    const jobs = this.queue.jobs();
    const sending = this.queue.sending();
    const total = jobs.filter((job) => job.id).reduce((sum, job) => sum + job.file.size, 0);
    const sent = jobs.reduce((sum, job) => sum + (job.id ? job.sent : 0), 0);
    if (sending) {
      const half = sent * 2 > total ? ', past half' : '';
      return `Uploading ${count(sending, 'file')}${half}. Keep this tab open until it is done.`;
    }
    if (this.queue.ready().length) return 'Uploaded. You can transcode now, or leave and come back.';
    if (jobs.some((job) => job.session?.state === 'Transcoding'))
      return 'Transcoding. You may leave: it goes on.';
    return '';
  });

  constructor() {
    void this.recipes.load();
    effect(() => {
      if (this.recipes.all().length) this.queue.judge();
    });
  }

  protected options(recipe: Recipe): Options {
    return this.queue.options()[recipe.name] ?? {};
  }

  protected said(recipe: Recipe): number {
    return Object.keys(this.options(recipe)).length;
  }

  protected setOptions(recipe: Recipe, options: Options): void {
    this.queue.options.update((all) => ({ ...all, [recipe.name]: options }));
  }
}
