// How the server is doing, for admins: its meters, read again every few seconds while somebody looks.
import { Component, computed, signal } from '@angular/core';
import { RouterLink } from '@angular/router';

import { failure, text, type Failure } from '../api/call';
import { stateValues } from '../api/schema';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { Poll } from '../parts/poll';
import { STATES, bytes, moment, number, span } from '../parts/words';
import { parse } from './meters';
import { summary } from './summary';

const EVERY = 4_000;

@Component({
  selector: 'lg-health-page',
  imports: [RouterLink, Alert, Heading],
  host: { class: 'page wide' },
  templateUrl: './health-page.html',
})
export class HealthPage {
  protected readonly states = stateValues;
  protected readonly words = STATES;
  protected readonly bytes = bytes;
  protected readonly moment = moment;
  protected readonly number = number;

  /** What was read last, and when. */
  protected readonly last = signal<{ text: string; at: Date } | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly shown = computed(() => {
    const last = this.last();
    return last && summary(parse(last.text));
  });

  constructor() {
    new Poll(() => this.read(), EVERY).now();
  }

  /** 0.0012 → 1.2 ms */
  protected took(seconds: number): string {
    return seconds < 0.01 ? `${number(Math.round(seconds * 100_000) / 100)}\u00a0ms` : span(seconds * 1000);
  }

  private async read(): Promise<'soon' | 'stop'> {
    try {
      this.last.set({ text: await text('/metrics'), at: new Date() });
      this.failed.set(undefined);
    } catch (thrown) {
      const why = failure(thrown);
      // The same trouble is said once.
      if (why.title !== this.failed()?.title) this.failed.set(why);
      if (why.problem?.status === 403) return 'stop';
    }
    return 'soon';
  }
}
