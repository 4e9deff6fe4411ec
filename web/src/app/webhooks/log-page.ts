// What a webhook was told, newest first, with each try and its answer; kept fresh while somebody looks. Under the id `mail`
// stand the letters.
import { Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import type { Delivery, DeliveryList, Webhook } from '../api/answers';
import { attempt, call, failure, type Failure } from '../api/call';
import { deliveryStateValues } from '../api/schema';
import { Alert } from '../parts/alert';
import { Badge } from '../parts/badge';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { Poll } from '../parts/poll';
import { count, moment } from '../parts/words';
import { ReplayRange } from './replay-range';
import { DELIVERIES, NOTICES, doing, tries } from './standing';

const MAIL = 'mail';

@Component({
  selector: 'lg-log-page',
  imports: [RouterLink, Alert, Badge, Heading, KeepsFocus, ReplayRange],
  host: { class: 'page' },
  templateUrl: './log-page.html',
})
export class LogPage {
  private readonly router = inject(Router);
  // From the address, so that back, reload and another tab show the same.
  readonly id = input.required<string>();
  readonly state = input<string>();
  readonly cursor = input<string>();

  protected readonly states = deliveryStateValues;
  protected readonly standings = DELIVERIES;
  protected readonly notices = NOTICES;
  protected readonly tries = tries;
  protected readonly count = count;
  protected readonly moment = moment;

  protected readonly webhook = signal<Webhook | undefined>(undefined);
  protected readonly list = signal<DeliveryList | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  /** Of what was asked for last, and not of how the list is read. */
  protected readonly refused = signal<Failure | undefined>(undefined);
  protected readonly said = signal('');
  protected readonly telling = signal(false);

  protected readonly isMail = computed(() => this.id() === MAIL);
  protected readonly standing = computed(() => {
    const webhook = this.webhook();
    return webhook && doing(webhook);
  });

  protected readonly poll = new Poll(() => this.read());

  constructor() {
    effect(() => {
      this.id();
      this.state();
      this.cursor();
      untracked(() => {
        this.list.set(undefined);
        this.poll.now();
      });
    });
  }

  protected show(event: Event): void {
    const state = (event.target as HTMLSelectElement).value || null;
    void this.router.navigate([], { queryParams: { state, cursor: null }, queryParamsHandling: 'merge' });
  }

  protected async tellAgain({ deliveryId }: Delivery): Promise<void> {
    if (this.telling()) return;
    this.telling.set(true);
    this.said.set('');
    await attempt(this.refused, async () => {
      await call('post', '/api/webhooks/{id}/deliveries/{delivery}/replay', { id: [this.id(), deliveryId] });
      this.said.set('It is told again, as a new entry at the top.');
    });
    this.telling.set(false);
    this.poll.now();
  }

  protected json(payload: object): string {
    return JSON.stringify(payload, null, 2);
  }

  private async read(): Promise<'soon' | 'later' | 'stop'> {
    const [id, state, cursor] = [this.id(), this.state(), this.cursor()];
    const isStill = () => id === this.id() && state === this.state() && cursor === this.cursor();
    try {
      const query = { state, cursor };
      const [webhook, list] = await Promise.all([
        id === MAIL ? undefined : call('get', '/api/webhooks/{id}', { id, has: ['webhookId'] }),
        call('get', '/api/webhooks/{id}/deliveries', { id, query, has: ['deliveries'] }),
      ]);
      if (!isStill()) return 'soon';
      this.webhook.set(webhook);
      this.list.set(list);
      this.failed.set(undefined);
      return list.deliveries.some((one) => one.state === 'waiting') ? 'soon' : 'later';
    } catch (thrown) {
      const why = failure(thrown);
      this.failed.set(why);
      return why.isGone ? 'stop' : 'later';
    }
  }
}
