// Where something stands, a session mostly: glyph, word and colour, so that none of them has to carry it alone.
import { Component, computed, input } from '@angular/core';

import type { State } from '../api/answers';
import { STATES } from './words';

/** What stands in a badge. */
export interface Standing {
  word: string;
  tone: 'wait' | 'run' | 'ok' | 'warn' | 'bad';
}

@Component({
  selector: 'lg-badge',
  host: { class: 'badge', '[class]': 'known().tone' },
  template: `
    <svg viewBox="0 0 12 12" aria-hidden="true">
      @switch (known().tone) {
        @case ('ok') {
          <path d="M2 6.5 5 9.5 10 3" />
        }
        @case ('bad') {
          <path d="m3 3 6 6M9 3 3 9" />
        }
        @case ('run') {
          <path d="M6 1.5a4.5 4.5 0 1 1-4.5 4.5" />
        }
        @case ('warn') {
          <path d="M6 1.5v5.5M6 10v.1" />
        }
        @default {
          <circle cx="6" cy="6" r="4" />
        }
      }
    </svg>
    {{ known().word }}
  `,
})
export class Badge {
  readonly state = input<State>();
  /** What is no session. */
  readonly as = input<Standing>();
  protected readonly known = computed((): Standing => {
    const state = this.state();
    return this.as() ?? (state && STATES[state]) ?? { word: state ?? '', tone: 'wait' };
  });
}
