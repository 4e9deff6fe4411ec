// One's own account: the password, and the keys that machines have in its place.
import { Component, computed, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';

import { attempt, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { Account } from './account';
import { KeyList } from './key-list';

@Component({
  selector: 'lg-account-page',
  imports: [RouterLink, Alert, Heading, KeyList],
  host: { class: 'page' },
  template: `
    <h1 lgHeading>Account</h1>
    @if (account.me(); as me) {
      <div class="row-between">
        <p>
          Signed in as <strong class="break">{{ account.name() }}</strong
          >{{ me.role === 'admin' ? ', an admin' : '' }}.
        </p>
        <button type="button" (click)="account.signOut()">Sign out</button>
      </div>
    }
    @if (failed(); as why) {
      <lg-alert
        [failure]="why"
        [title]="why.problem?.status === 401 ? 'The current password is not right' : why.title"
        [detail]="why.problem?.status === 401 ? 'Nothing was changed.' : why.detail"
      />
    }
    <p class="said" role="status">{{ said() }}</p>
    <lg-key-list />
    <section aria-labelledby="told-heading">
      <h2 id="told-heading">To be told</h2>
      <p>Whoever wants to know what became of a session adds a webhook.</p>
      <p><a class="button" routerLink="/webhooks">Webhooks of yours</a></p>
    </section>
    @if (passwords()) {
      <section aria-labelledby="password-heading">
        <h2 id="password-heading">Password</h2>
        <form class="stack" (submit)="setPassword($event)">
          <input type="text" name="name" autocomplete="username" [value]="account.me()?.user ?? ''" hidden />
          <label class="field">
            <span>Current password</span>
            <input type="password" name="current" autocomplete="current-password" required />
          </label>
          <label class="field">
            <span>New password, 12 characters at least</span>
            <input
              type="password"
              name="password"
              autocomplete="new-password"
              minlength="12"
              maxlength="256"
              required
            />
          </label>
          <button [attr.aria-disabled]="doing() ? true : null">Change the password</button>
        </form>
        <p class="small muted">You are signed out everywhere else. Keys stay as they are.</p>
      </section>
      <section aria-labelledby="out-heading">
        <h2 id="out-heading">Signed in elsewhere?</h2>
        <p>Ends every sign-in of yours, on every device, this one too.</p>
        <button type="button" class="danger" (click)="signOutEverywhere()">Sign out everywhere</button>
      </section>
    }
  `,
})
export class AccountPage {
  protected readonly account = inject(Account);
  protected readonly passwords = computed(() => !!this.account.me()?.passwords);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly doing = signal(false);
  protected readonly said = signal('');

  protected async setPassword(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    await this.attempt(async () => {
      await this.account.setPassword(String(data.get('current')), String(data.get('password')));
      form.reset();
      this.said.set('The password was changed.');
    });
  }

  protected async signOutEverywhere(): Promise<void> {
    await this.attempt(() => this.account.signOutEverywhere());
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.doing()) return;
    this.doing.set(true);
    this.said.set('');
    await attempt(this.failed, work);
    this.doing.set(false);
  }
}
