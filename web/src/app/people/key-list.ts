// One's keys: made, shown once, and revoked.
import { Component, computed, inject, signal } from '@angular/core';

import type { Key, KeyWithSecret } from '../api/answers';
import { attempt, call, type Failure } from '../api/call';
import { Alert } from '../parts/alert';
import { KeepsFocus } from '../parts/keeps-focus';
import { dayAndTime } from '../parts/words';
import { Account } from './account';

/** What a key may be made for. */
const KINDS = {
  read: { word: 'Programs that only look', kind: 'api', scopes: ['read'] },
  write: { word: 'Programs that send and convert files', kind: 'api', scopes: ['read', 'write'] },
  admin: { word: 'Programs that may do all that you may', kind: 'api', scopes: ['read', 'write', 'admin'] },
  s3: { word: 'S3 tools that put files into your inbox', kind: 's3', scopes: [] },
} as const;

type Kind = keyof typeof KINDS;

@Component({
  selector: 'lg-key-list',
  imports: [Alert, KeepsFocus],
  template: `
    <section aria-labelledby="keys-heading" lgKeepsFocus>
      <h2 id="keys-heading" tabindex="-1">Keys</h2>
      <p class="muted">For programs and the command line, in the place of your password.</p>
      @if (none()) {
        <p>This server gives out none: a program comes with a token of the issuer’s.</p>
      } @else if (failed(); as why) {
        <lg-alert [failure]="why" />
      }
      @if (made(); as one) {
        <div class="once" role="status" data-test="secret">
          <p><strong>This is shown now and never again.</strong></p>
          @if (one.inbox; as inbox) {
            <dl class="facts">
              <div>
                <dt>Access key id</dt>
                <dd>
                  <code class="break">{{ one.key.id }}</code>
                </dd>
              </div>
              <div>
                <dt>Secret access key</dt>
                <dd>
                  <code class="break">{{ one.secret }}</code>
                </dd>
              </div>
              <div>
                <dt>Put files under</dt>
                <dd>
                  <code class="break">s3://{{ inbox.bucket }}/{{ inbox.prefix }}</code> at
                  <code class="break">{{ inbox.endpoint }}</code>
                </dd>
              </div>
            </dl>
          } @else {
            <code class="break">{{ one.secret }}</code>
          }
          <button type="button" data-first (click)="made.set(undefined)">I have put it away</button>
        </div>
      }
      @if (keys().length) {
        <ul class="plain keys">
          @for (key of keys(); track key.id) {
            <li>
              <span>
                <strong class="break">{{ key.name }}</strong>
                <span class="small muted">
                  {{ key.kind === 's3' ? 'S3 inbox' : key.scopes.join(', ') }} ·
                  {{ key.lastUsedAt ? 'used ' + dayAndTime(key.lastUsedAt) : 'never used' }}
                  {{ key.expiresAt ? '· until ' + dayAndTime(key.expiresAt) : '' }}
                </span>
              </span>
              <button
                type="button"
                class="danger"
                [attr.aria-label]="'Revoke ' + key.name"
                (click)="revoke(key)"
              >
                Revoke
              </button>
            </li>
          }
        </ul>
      } @else if (!none()) {
        <p>No keys.</p>
      }
      @if (!none()) {
        <form class="stack" (submit)="make($event)">
          <label class="field">
            <span>What the key is called</span>
            <input type="text" name="name" maxlength="64" required />
          </label>
          <label class="field">
            <span>What it is for</span>
            <select name="for">
              @for (kind of kinds; track kind) {
                <option [value]="kind" [selected]="kind === 'write'">{{ words[kind].word }}</option>
              }
            </select>
          </label>
          <label class="field">
            <span>It is good for</span>
            <select name="days">
              <option value="30">30 days</option>
              <option value="365" selected>a year</option>
              <option value="">ever</option>
            </select>
          </label>
          <button [attr.aria-disabled]="making() ? true : null">Make a key</button>
        </form>
      }
    </section>
  `,
})
export class KeyList {
  protected readonly kinds = Object.keys(KINDS) as Kind[];
  protected readonly words = KINDS;
  protected readonly dayAndTime = dayAndTime;
  protected readonly keys = signal<Key[]>([]);
  protected readonly made = signal<KeyWithSecret | undefined>(undefined);
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly making = signal(false);
  /** Where the users are an issuer's, somebody else may keep the keys, too. */
  protected readonly none = computed(() => !!this.failed()?.problem?.type.endsWith('/no-accounts'));
  protected readonly account = inject(Account);

  constructor() {
    void attempt(this.failed, () => this.read());
  }

  protected async make(event: Event): Promise<void> {
    event.preventDefault();
    if (this.making()) return;
    const form = event.target as HTMLFormElement;
    const data = new FormData(form);
    const { kind, scopes } = KINDS[data.get('for') as Kind];
    const days = Number(data.get('days'));
    const body = {
      name: String(data.get('name')),
      kind,
      scopes,
      expiresAt: days ? new Date(Date.now() + days * 86_400_000).toISOString() : undefined,
    };
    this.making.set(true);
    await attempt(this.failed, async () => {
      this.made.set(await call('post', '/api/keys', { body, has: ['key', 'secret'] }));
      form.reset();
      await this.read();
    });
    this.making.set(false);
  }

  protected async revoke(key: Key): Promise<void> {
    await attempt(this.failed, async () => {
      await call('delete', '/api/keys/{id}', { id: key.id });
      await this.read();
    });
  }

  private async read(): Promise<void> {
    this.keys.set((await call('get', '/api/keys', { has: ['keys'] })).keys);
  }
}
