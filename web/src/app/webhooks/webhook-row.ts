// One webhook: where it is, what it is told, how it is doing, and what can be done with it.
import { Component, ElementRef, computed, effect, inject, input, output, signal } from '@angular/core';
import { RouterLink } from '@angular/router';

import type { NewWebhook, Webhook } from '../api/answers';
import { Badge } from '../parts/badge';
import { NOTICES, doing } from './standing';
import { WebhookForm } from './webhook-form';

export type Deed = 'edit' | 'switch' | 'test' | 'rotate' | 'remove';

@Component({
  selector: 'lg-webhook-row',
  imports: [RouterLink, Badge, WebhookForm],
  host: { class: 'panel stack' },
  template: `
    <div class="row-between">
      <strong class="break">{{ webhook().url }}</strong>
      <lg-badge [as]="standing()" />
    </div>
    <p class="small">
      @if (webhook().about; as about) {
        <span class="break">{{ about }}</span> ·
      }
      <span class="muted">{{ told() }}</span>
    </p>
    @for (sentence of standing().why; track sentence) {
      <p class="small break">{{ sentence }}</p>
    }
    <div class="actions">
      <a class="button" [routerLink]="['/webhooks', webhook().webhookId]"
        >Log<span class="covered"> of {{ webhook().url }}</span></a
      >
      <button type="button" (click)="asked.emit('test')">
        Send a test<span class="covered"> to {{ webhook().url }}</span>
      </button>
      <!-- One button, as below. -->
      <button type="button" class="edit" [attr.aria-expanded]="editing()" (click)="asked.emit('edit')">
        {{ editing() ? 'Leave as it is' : 'Edit' }}<span class="covered"> {{ webhook().url }}</span>
      </button>
      <button type="button" (click)="asked.emit('switch')">
        {{ webhook().enabled ? 'Switch off' : 'Switch on' }}<span class="covered"> {{ webhook().url }}</span>
      </button>
      <button type="button" (click)="asked.emit('rotate')">
        New secret<span class="covered"> for {{ webhook().url }}</span>
      </button>
      @if (asking()) {
        <span role="status">Remove it, and give up what was still to be delivered there?</span>
        <button type="button" class="danger" (click)="asked.emit('remove')">
          Yes, remove<span class="covered"> {{ webhook().url }}</span>
        </button>
      }
      <!-- One button, so that the focus stays on what does no harm. -->
      <button type="button" [class.danger]="!asking()" (click)="asking.set(!asking())">
        {{ asking() ? 'Keep' : 'Remove' }}<span class="covered"> {{ webhook().url }}</span>
      </button>
    </div>
    @if (editing()) {
      <lg-webhook-form
        [label]="'Change ' + webhook().url"
        [webhook]="webhook()"
        [busy]="busy()"
        (said)="said.emit($event.body)"
      />
    }
  `,
})
export class WebhookRow {
  readonly webhook = input.required<Webhook>();
  readonly editing = input(false);
  readonly busy = input(false);
  readonly asked = output<Deed>();
  readonly said = output<NewWebhook>();

  protected readonly asking = signal(false);
  protected readonly standing = computed(() => doing(this.webhook()));
  protected readonly told = computed(() => {
    const events = this.webhook().events.map((event) => NOTICES[event] ?? event);
    return events.length ? events.join(', ') : 'Everything';
  });

  constructor() {
    const row = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    // The form goes once it is saved, and whoever was in it must not be thrown out of the row.
    effect(() => {
      if (!this.editing() && row.querySelector('form')?.contains(document.activeElement))
        row.querySelector<HTMLElement>('.edit')?.focus();
    });
  }
}
