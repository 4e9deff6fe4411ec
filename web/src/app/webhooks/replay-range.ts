// Telling again all that was told in a time: after a receiver was away, or has lost what it was told.
import { Component, input, output, signal } from '@angular/core';

import type { ReplayRange as Range } from '../api/answers';
import { attempt, call, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { count } from '../parts/words';

/** So many are told again at most, the newest. */
const MOST = 1000;

@Component({
  selector: 'lg-replay-range',
  imports: [Alert],
  template: `
    <details class="sent">
      <summary>Tell a time again</summary>
      @if (failed(); as why) {
        <lg-alert [failure]="why" />
      }
      <form class="fields" (submit)="tell($event)">
        <label class="field">
          <span>From</span>
          <input type="datetime-local" name="since" required />
        </label>
        <label class="field">
          <span>Until; now, if nothing is said</span>
          <input type="datetime-local" name="until" />
        </label>
        <label class="field">
          <span>What</span>
          <select name="what">
            <option value="dead">What was given up</option>
            <option value="delivered">What was delivered</option>
            <option value="all">All of it</option>
          </select>
        </label>
        <button [attr.aria-disabled]="telling() ? true : null">Tell it again</button>
      </form>
      <p class="said small" role="status">{{ said() }}</p>
    </details>
  `,
})
export class ReplayRange {
  readonly id = input.required<string>();
  /** Something is told: there is more to be seen. */
  readonly told = output();

  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly said = signal('');
  protected readonly telling = signal(false);

  protected async tell(event: Event): Promise<void> {
    event.preventDefault();
    if (this.telling()) return;
    const data = new FormData(event.target as HTMLFormElement);
    this.telling.set(true);
    this.said.set('');
    await attempt(this.failed, async () => {
      const body = asked(String(data.get('since')), String(data.get('until')), String(data.get('what')));
      const { deliveries } = await call('post', '/api/webhooks/{id}/replay', {
        id: this.id(),
        body,
        has: ['deliveries'],
      });
      this.said.set(words(deliveries.length));
      if (deliveries.length) this.told.emit();
    });
    this.telling.set(false);
  }
}

/** What is typed is of this device's own time. */
function asked(since: string, until: string, what: string): Range {
  const moment = (typed: string) => new Date(typed).toISOString();
  return {
    since: moment(since),
    ...(until && { until: moment(until) }),
    ...(what === 'all' ? { all: true } : { state: what as 'dead' | 'delivered' }),
  };
}

function words(told: number): string {
  if (!told) return 'There is nothing like this from that time.';
  const more = told === MOST ? ' There may be more: these are the newest.' : '';
  return `${count(told, 'message')} told again, as new entries at the top.${more}`;
}
