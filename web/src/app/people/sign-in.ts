// Signing in, with a password or with an issuer, as the server has it; and then to where one came from.
import { Component, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import type { Issuer, WaysIn } from '../api/answers';
import { attempt, call, failure, type Failure } from '../api/call';
import { Queue } from '../convert/queue';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { Account } from './account';
import { away } from './issuer/flow';
import { isKnown } from './issuer/known';
import { LEAVE } from './issuer/leave';

@Component({
  selector: 'lg-sign-in',
  imports: [RouterLink, Alert, Heading],
  // Who goes back from the issuer finds the page as it was left.
  host: { class: 'page narrow', '(window:pageshow)': 'entering.set(false)' },
  template: `
    <h1 lgHeading>Sign in</h1>
    @if (failed(); as why) {
      <lg-alert
        [failure]="why"
        [title]="why.problem?.status === 401 ? 'That is not right' : why.title"
        [detail]="
          why.problem?.status === 401 ? 'The name and the password do not belong together.' : why.detail
        "
      >
        @if (!ways()) {
          <button type="button" (click)="ask()">Try again</button>
        }
      </lg-alert>
    }
    @if (ways()?.issuer; as issuer) {
      <p>You sign in at {{ host(issuer) }}, and come back here.</p>
      <p>
        <button
          type="button"
          class="primary"
          [attr.aria-disabled]="entering() ? true : null"
          (click)="leaveTo(issuer)"
        >
          {{ entering() ? 'On the way…' : 'Sign in' }}
        </button>
      </p>
    } @else if (ways()?.passwords) {
      <form class="stack" (submit)="enter($event)">
        <label class="field">
          <span>Name</span>
          <input
            type="text"
            name="name"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
            required
          />
        </label>
        <label class="field">
          <span>Password</span>
          <input type="password" name="password" autocomplete="current-password" required />
        </label>
        <button class="primary" [attr.aria-disabled]="entering() ? true : null">
          {{ entering() ? 'Signing in…' : 'Sign in' }}
        </button>
      </form>
      <p class="small muted">Who has forgotten the password asks an admin for a new invitation.</p>
    } @else if (ways()) {
      <p>
        There is no signing in on this page. Where the people are an issuer’s, whoever runs the server says
        under <code>[issuer.page]</code> how the page finds it.
      </p>
      <p><a routerLink="/">To the first page</a></p>
    }
  `,
})
export class SignIn {
  readonly to = input<string>();

  protected readonly ways = signal<WaysIn | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly entering = signal(false);

  private readonly account = inject(Account);
  private readonly router = inject(Router);
  private readonly leave = inject(LEAVE);
  private readonly queue = inject(Queue);

  constructor() {
    void this.ask();
  }

  protected async ask(): Promise<void> {
    await attempt(this.failed, async () => {
      const ways = await call('get', '/api/sign-in', { has: ['passwords'] });
      this.ways.set(ways);
      // What is on its way would end with this page: whoever sends it decides when.
      if (ways.issuer && isKnown() && !this.queue.sending()) await this.leaveTo(ways.issuer, 'replace');
    });
  }

  protected host({ authorize }: Issuer): string {
    return new URL(authorize).host;
  }

  protected async leaveTo(issuer: Issuer, how?: 'replace'): Promise<void> {
    if (this.entering()) return;
    this.entering.set(true);
    await attempt(this.failed, async () => this.leave(await away(issuer, inside(this.to())), how));
    if (this.failed()) this.entering.set(false);
  }

  protected async enter(event: Event): Promise<void> {
    event.preventDefault();
    if (this.entering()) return;
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    this.entering.set(true);
    this.failed.set(undefined);
    try {
      await this.account.signIn(String(data.get('name')).trim().toLowerCase(), String(data.get('password')));
      await this.router.navigateByUrl(inside(this.to()));
    } catch (thrown) {
      this.failed.set(failure(thrown));
      form.querySelector<HTMLInputElement>('[name=password]')?.select();
    } finally {
      this.entering.set(false);
    }
  }
}

/** A place of this page, whatever the address says. */
export function inside(to: string | undefined): string {
  return to && /^\/(?![/\\])/.test(to) ? to : '/';
}
