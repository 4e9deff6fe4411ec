// Who may sign in, for admins: invited, made an admin, disabled. Whether one is an admin the server decides; here it only
// shows.
import { Component, inject, signal } from '@angular/core';

import type { Invitation, User } from '../api/answers';
import { attempt, call, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { dayAndTime } from '../parts/words';
import { Account } from './account';

interface Change {
  role?: User['role'];
  disabled?: boolean;
  invite?: boolean;
}

@Component({
  selector: 'lg-users-page',
  imports: [Alert, Heading, KeepsFocus],
  host: { class: 'page' },
  template: `
    <h1 lgHeading>Users</h1>
    @if (failed(); as why) {
      <lg-alert [failure]="why" />
    }
    <div lgKeepsFocus>
      @if (invited(); as one) {
        <div class="once" role="status" data-test="invitation">
          <p>
            <strong>{{ one.name }}</strong> sets a password at this address, until
            {{ dayAndTime(one.invitation.expiresAt) }}. It is shown now and never again.
          </p>
          <code class="break">{{ one.invitation.url }}</code>
          <button type="button" data-first (click)="invited.set(undefined)">I have sent it</button>
        </div>
      }
    </div>
    <ul class="plain users" lgKeepsFocus>
      @for (user of users(); track user.name) {
        <li>
          <span>
            <strong class="break">{{ user.name }}</strong>
            <span class="small muted">
              {{ user.role === 'admin' ? 'Admin' : 'User' }} ·
              @if (user.email) {
                <span class="break">{{ user.email }}</span> ·
              }
              {{
                user.disabled
                  ? 'disabled'
                  : user.signedInAt
                    ? 'signed in ' + dayAndTime(user.signedInAt)
                    : 'has not signed in yet'
              }}
            </span>
          </span>
          @if (user.name !== account.me()?.user) {
            <span class="actions">
              @if (!user.disabled) {
                <button type="button" (click)="change(user, { invite: true })">
                  Invite<span class="covered"> {{ user.name }}</span>
                </button>
                <button
                  type="button"
                  (click)="change(user, { role: user.role === 'admin' ? 'user' : 'admin' })"
                >
                  Make {{ user.role === 'admin' ? 'a user' : 'an admin'
                  }}<span class="covered"> of {{ user.name }}</span>
                </button>
              }
              <button
                type="button"
                [class.danger]="!user.disabled"
                (click)="change(user, { disabled: !user.disabled })"
              >
                {{ user.disabled ? 'Enable' : 'Disable' }}<span class="covered"> {{ user.name }}</span>
              </button>
            </span>
          } @else {
            <span class="small muted">You</span>
          }
        </li>
      }
    </ul>
    <section aria-labelledby="add-heading">
      <h2 id="add-heading">Add a user</h2>
      <form class="stack" (submit)="add($event)">
        <label class="field">
          <span>Name, which stays for ever</span>
          <input
            type="text"
            name="name"
            maxlength="64"
            pattern="[a-z0-9][a-z0-9._@+\\-]*"
            title="Small letters, digits and . _ - @ +, the first a letter or a digit"
            autocapitalize="none"
            autocomplete="off"
            spellcheck="false"
            required
          />
        </label>
        <label class="field">
          <span>E-mail, for word of what is done</span>
          <input type="email" name="email" autocomplete="off" />
        </label>
        <label class="check"><input type="checkbox" name="admin" /> An admin, who sees everything</label>
        <button class="primary">Add and invite</button>
      </form>
    </section>
  `,
})
export class UsersPage {
  protected readonly account = inject(Account);
  protected readonly dayAndTime = dayAndTime;
  protected readonly users = signal<User[]>([]);
  protected readonly invited = signal<{ name: string; invitation: Invitation } | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);

  constructor() {
    void attempt(this.failed, () => this.read());
  }

  protected async add(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const body = {
      name: String(data.get('name')).trim(),
      role: data.get('admin') ? 'admin' : 'user',
      email: String(data.get('email')).trim() || undefined,
    };
    await attempt(this.failed, async () => {
      const { user, invitation } = await call('post', '/api/users', { body, has: ['user'] });
      if (invitation) this.invited.set({ name: user.name, invitation });
      form.reset();
      await this.read();
    });
  }

  protected async change({ name }: User, body: Change): Promise<void> {
    await attempt(this.failed, async () => {
      const { invitation } = await call('put', '/api/users/{name}', { id: name, body, has: ['user'] });
      if (invitation) this.invited.set({ name, invitation });
      await this.read();
    });
  }

  private async read(): Promise<void> {
    this.users.set((await call('get', '/api/users', { has: ['users'] })).users);
  }
}
