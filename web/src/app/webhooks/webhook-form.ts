// What a webhook is: where it is, what it is for, what it is told. Of one that there is, or of one to be added.
import { Component, input, output } from '@angular/core';

import type { NewWebhook, NoticeEvent, Webhook } from '../api/answers';
import { NOTICES } from './standing';

@Component({
  selector: 'lg-webhook-form',
  host: { class: 'block' },
  template: `
    <form class="stack form" [attr.aria-label]="label()" (submit)="say($event)">
      <label class="field">
        <span>Address</span>
        <input
          type="url"
          name="url"
          maxlength="2000"
          placeholder="https://example.org/lockgate"
          autocomplete="off"
          [value]="webhook()?.url ?? ''"
          required
        />
      </label>
      <label class="field">
        <span>What it is for, for your own eyes</span>
        <input type="text" name="about" maxlength="200" autocomplete="off" [value]="webhook()?.about ?? ''" />
      </label>
      <fieldset>
        <legend>What it is told; all of it, if nothing is chosen</legend>
        @for (event of events; track event) {
          <label class="check">
            <input
              type="checkbox"
              name="event"
              [value]="event"
              [checked]="webhook()?.events?.includes(event)"
            />
            {{ words[event] }}
          </label>
        }
      </fieldset>
      <button class="primary" [attr.aria-disabled]="busy() ? true : null">
        {{ webhook() ? 'Save' : 'Add' }}
      </button>
    </form>
  `,
})
export class WebhookForm {
  readonly label = input.required<string>();
  /** As it is until now, if there is one. */
  readonly webhook = input<Webhook>();
  readonly busy = input(false);
  readonly said = output<{ body: NewWebhook; form: HTMLFormElement }>();

  protected readonly words = NOTICES;
  protected readonly events = Object.keys(NOTICES) as NoticeEvent[];

  protected say(event: Event): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const body: NewWebhook = {
      url: String(data.get('url')).trim(),
      about: String(data.get('about')).trim(),
      events: data.getAll('event') as NoticeEvent[],
    };
    this.said.emit({ body, form });
  }
}
