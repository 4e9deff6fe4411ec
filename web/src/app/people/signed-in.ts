// Back from the issuer, with a code or with its refusal; and on to where one wanted to go.
import { Component, inject, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { Failure, call, failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { Account } from './account';
import { arrive } from './issuer/flow';
import { unknow } from './issuer/known';
import { inside } from './sign-in';

@Component({
  selector: 'lg-signed-in',
  imports: [RouterLink, Alert, Heading],
  host: { class: 'page narrow' },
  template: `
    <h1 lgHeading>{{ failed() ? 'Not signed in' : 'Signing in…' }}</h1>
    @if (failed(); as why) {
      <lg-alert [failure]="why">
        <a class="button" routerLink="/sign-in">Sign in anew</a>
      </lg-alert>
    }
  `,
})
export class SignedIn {
  protected readonly failed = signal<Failure | undefined>(undefined);

  private readonly account = inject(Account);
  private readonly router = inject(Router);

  constructor() {
    void this.enter();
  }

  private async enter(): Promise<void> {
    try {
      const { issuer } = await call('get', '/api/sign-in', { has: ['passwords'] });
      const to = issuer ? await arrive(issuer, new URLSearchParams(location.search)) : '/';
      if (issuer && !(await this.account.entered())) throw stranger();
      // The code stays in no history.
      await this.router.navigateByUrl(inside(to), { replaceUrl: true });
    } catch (thrown) {
      unknow(); // or the next visit would lead here again
      this.failed.set(failure(thrown));
    }
  }
}

function stranger(): Failure {
  const detail =
    'The issuer has signed you in, but this server does not take its word for it. Whoever runs the server can say why.';
  return new Failure('refused', 'The server does not know you', detail);
}
