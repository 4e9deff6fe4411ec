// How long each step took, one below another, on the time of the execution.
import { Component, computed, input, model } from '@angular/core';

import { span } from '../../parts/words';
import { STATUSES } from './state-graph';
import type { StepStory } from './story';

const LEAST_PERCENT = 0.6;

@Component({
  selector: 'lg-timeline',
  host: { class: 'timeline', role: 'list', 'aria-label': 'Timeline' },
  template: `
    @for (one of bars(); track one.story.step.entered) {
      <div role="listitem">
        <button
          type="button"
          class="time-row"
          [class.chosen]="chosen() === one.story.step.name"
          [attr.aria-pressed]="chosen() === one.story.step.name"
          (click)="toggle(one.story.step.name)"
        >
          <span class="time-name">{{ one.story.step.name }}</span>
          <span class="time-track" aria-hidden="true">
            <span
              class="time-bar"
              [class]="statuses[one.story.step.status].tone"
              [style.inset-inline-start.%]="one.left"
              [style.inline-size.%]="one.width"
            ></span>
          </span>
          <span class="time-span num">{{ one.took }}</span>
          <span class="covered">{{ statuses[one.story.step.status].word }}</span>
        </button>
      </div>
    }
  `,
})
export class Timeline {
  readonly stories = input.required<readonly StepStory[]>();
  readonly now = input.required<number>();
  readonly chosen = model<string | undefined>(undefined);
  protected readonly statuses = STATUSES;

  protected readonly bars = computed(() => {
    const stories = this.stories();
    const begin = Math.min(...stories.map((story) => story.from));
    const end = Math.max(...stories.map((story) => story.to ?? this.now()));
    const whole = Math.max(1, end - begin);
    return stories.map((story) => {
      const took = (story.to ?? this.now()) - story.from;
      const width = Math.max(LEAST_PERCENT, (100 * took) / whole);
      const left = Math.min(100 - width, (100 * (story.from - begin)) / whole);
      return { story, width, left, took: span(took) };
    });
  });

  protected toggle(name: string): void {
    this.chosen.set(this.chosen() === name ? undefined : name);
  }
}
