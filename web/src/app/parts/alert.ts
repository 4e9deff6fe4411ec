// Something went wrong: what, in plain words, and the id under which the server's log has it.
import { Component, computed, input } from '@angular/core';

import type { Failure } from '../api/call';

@Component({
  selector: 'lg-alert',
  host: { role: 'alert', class: 'alert' },
  template: `
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 1.5 15 14H1zM8 6v4M8 12v.5" /></svg>
    <div>
      <p class="alert-title">{{ heading() }}</p>
      <p class="break">{{ words() }}</p>
      @if (failure()?.requestId; as id) {
        <p class="small">
          Request <code class="break">{{ id }}</code>
        </p>
      }
      <div class="actions"><ng-content /></div>
    </div>
  `,
})
export class Alert {
  readonly title = input<string>();
  readonly detail = input<string>();
  readonly failure = input<Failure>();

  protected readonly heading = computed(
    () => this.title() ?? this.failure()?.title ?? 'Something went wrong',
  );
  protected readonly words = computed(() => this.detail() ?? this.failure()?.detail ?? '');
}
