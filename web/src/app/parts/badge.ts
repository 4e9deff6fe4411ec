// A session's state: glyph, word and colour, so that none of them has to carry it alone.
import { Component, computed, input } from '@angular/core';

import type { State } from '../api/answers';
import { STATES } from './words';

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
        @default {
          <circle cx="6" cy="6" r="4" />
        }
      }
    </svg>
    {{ known().word }}
  `,
})
export class Badge {
  readonly state = input.required<State>();
  protected readonly known = computed(() => STATES[this.state()] ?? { word: this.state(), tone: 'wait' });
}
