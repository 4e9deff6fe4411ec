// An invitation: whoever has its address sets a password and is in. What it is good by stands behind the `#`, which no server
// is sent.
import { Component, inject, signal } from '@angular/core';
import { ActivatedRoute, Router } from '@angular/router';

import { attempt, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { Account } from './account';

@Component({
  selector: 'lg-invitation',
  imports: [Alert, Heading],
  host: { class: 'page narrow' },
  template: `
    <h1 lgHeading>Set your password</h1>
    @if (failed(); as why) {
      <lg-alert
        [failure]="why"
        [title]="why.problem?.status === 401 ? 'This invitation is not good any more' : why.title"
        [detail]="
          why.problem?.status === 401
            ? 'It was used, or is older than three days. Ask for a new one.'
            : why.detail
        "
      />
    }
    <form class="stack" (submit)="accept($event)">
      <label class="field">
        <span>New password</span>
        <input
          type="password"
          name="password"
          autocomplete="new-password"
          minlength="12"
          maxlength="256"
          required
          aria-describedby="rule"
        />
      </label>
      <p id="rule" class="small muted">12 characters at least. A few words are good.</p>
      <button class="primary" [attr.aria-disabled]="accepting() ? true : null">
        {{ accepting() ? 'Setting it…' : 'Set it and sign in' }}
      </button>
    </form>
  `,
})
export class Invitation {
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly accepting = signal(false);

  private readonly account = inject(Account);
  private readonly router = inject(Router);
  private readonly token = inject(ActivatedRoute).snapshot.fragment ?? '';

  protected async accept(event: Event): Promise<void> {
    event.preventDefault();
    if (this.accepting()) return;
    const data = new FormData(event.target as HTMLFormElement);
    this.accepting.set(true);
    await attempt(this.failed, async () => {
      await this.account.accept(this.token, String(data.get('password')));
      await this.router.navigateByUrl('/', { replaceUrl: true });
    });
    this.accepting.set(false);
  }
}
