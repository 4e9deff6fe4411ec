// Where one wants to be told what became of one's sessions: added, changed, tried out, switched off and on, given a new secret,
// removed.
import { Component, signal } from '@angular/core';
import { RouterLink } from '@angular/router';

import type { NewWebhook, Webhook } from '../api/answers';
import { attempt, call, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { moment } from '../parts/words';
import { WebhookForm } from './webhook-form';
import { type Deed, WebhookRow } from './webhook-row';

@Component({
  selector: 'lg-webhooks-page',
  imports: [RouterLink, Alert, Heading, KeepsFocus, WebhookForm, WebhookRow],
  host: { class: 'page' },
  template: `
    <h1 lgHeading>Webhooks</h1>
    <p class="muted">
      Addresses of yours that are told, signed by Standard Webhooks, what became of a session.
    </p>
    @if (failed(); as why) {
      <lg-alert [failure]="why" />
    }
    <p class="said" role="status">
      {{ said() }}
      @if (tested(); as id) {
        <a [routerLink]="['/webhooks', id]">What came of it is in the log.</a>
      }
    </p>
    <div class="loose" lgKeepsFocus>
      @if (secret(); as one) {
        <div class="once" role="status" data-test="secret">
          <p>
            <strong>This is shown now and never again.</strong> Messages to
            <span class="break">{{ one.url }}</span> are signed with it.
            @if (one.previousSecretUntil; as until) {
              Until {{ moment(until) }} the one before signs them too.
            }
          </p>
          <code class="break">{{ one.secret }}</code>
          <button type="button" data-first (click)="secret.set(undefined)">I have put it away</button>
        </div>
      }
      @for (webhook of webhooks(); track webhook.webhookId) {
        <lg-webhook-row
          [webhook]="webhook"
          [editing]="editing() === webhook.webhookId"
          [busy]="doing()"
          (asked)="perform($event, webhook)"
          (said)="change(webhook, $event)"
        />
      } @empty {
        @if (isRead()) {
          <p>No webhooks.</p>
        } @else if (!failed()) {
          <p class="muted" role="status">Loading…</p>
        }
      }
      <section aria-labelledby="add-heading">
        <h2 id="add-heading">Add a webhook</h2>
        <lg-webhook-form label="Add a webhook" [busy]="doing()" (said)="add($event.body, $event.form)" />
      </section>
    </div>
    <p>
      <a class="button" routerLink="/webhooks/mail">Log of the letters to you</a>
    </p>
  `,
})
export class WebhooksPage {
  protected readonly moment = moment;
  protected readonly webhooks = signal<Webhook[]>([]);
  protected readonly isRead = signal(false);
  /** The one whose secret is shown, this once. */
  protected readonly secret = signal<Webhook | undefined>(undefined);
  /** The one that is being changed. */
  protected readonly editing = signal<string | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly said = signal('');
  protected readonly tested = signal<string | undefined>(undefined);
  protected readonly doing = signal(false);

  constructor() {
    void attempt(this.failed, () => this.read());
  }

  protected async add(body: NewWebhook, form: HTMLFormElement): Promise<void> {
    await this.once(async () => {
      this.secret.set(await call('post', '/api/webhooks', { body, has: ['webhookId', 'secret'] }));
      form.reset();
    });
  }

  /** Whether it is on stays as it is. */
  protected async change({ webhookId: id, enabled }: Webhook, body: NewWebhook): Promise<void> {
    await this.once(async () => {
      await call('put', '/api/webhooks/{id}', { id, body: { ...body, enabled } });
      this.said.set(`${body.url} is saved.`);
      this.editing.set(undefined);
    });
  }

  protected async perform(deed: Deed, webhook: Webhook): Promise<void> {
    const id = webhook.webhookId;
    if (deed === 'edit') return this.editing.update((one) => (one === id ? undefined : id));
    const deeds: Record<Exclude<Deed, 'edit'>, () => Promise<void>> = {
      switch: () => this.switch(webhook),
      test: async () => {
        await call('post', '/api/webhooks/{id}/test', { id, body: {} });
        this.said.set(`A test is on its way to ${webhook.url}.`);
        this.tested.set(id);
      },
      rotate: async () =>
        this.secret.set(
          await call('post', '/api/webhooks/{id}/secret', { id, has: ['webhookId', 'secret'] }),
        ),
      remove: async () => {
        await call('delete', '/api/webhooks/{id}', { id });
        if (this.secret()?.webhookId === id) this.secret.set(undefined);
        this.said.set(`${webhook.url} is removed.`);
      },
    };
    await this.once(deeds[deed]);
  }

  /** Everything else of it stays as it is; switched on again, it is forgotten that it has failed. */
  private async switch({ webhookId: id, url, events, about, enabled }: Webhook): Promise<void> {
    const body: NewWebhook = { url, events, about, enabled: !enabled };
    await call('put', '/api/webhooks/{id}', { id, body });
    this.said.set(`${url} is switched ${enabled ? 'off' : 'on'}.`);
  }

  private async once(work: () => Promise<void>): Promise<void> {
    if (this.doing()) return;
    this.doing.set(true);
    this.said.set('');
    this.tested.set(undefined);
    await attempt(this.failed, async () => {
      await work();
      await this.read();
    });
    this.doing.set(false);
  }

  private async read(): Promise<void> {
    this.webhooks.set((await call('get', '/api/webhooks', { has: ['webhooks'] })).webhooks);
    this.isRead.set(true);
  }
}
