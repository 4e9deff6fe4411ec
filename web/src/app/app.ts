// The frame around every page: the way around, and what concerns all of them.
import { Component, inject, signal } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';

import { Queue } from './convert/queue';
import { Faults } from './faults';
import { Alert } from './parts/alert';
import { Account } from './people/account';

@Component({
  selector: 'lg-root',
  imports: [RouterOutlet, RouterLink, RouterLinkActive, Alert],
  host: {
    '(window:online)': 'online.set(true)',
    '(window:offline)': 'online.set(false)',
    '(window:beforeunload)': 'leaving($event)',
  },
  template: `
    <a class="skip" href="#main" (click)="skip($event)">Skip to the content</a>
    <header class="top">
      <a class="brand" routerLink="/" aria-label="Lockgate, convert a file">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" />
          <path d="M9 8v16M23 8v16M9 12l7 4 7-4M9 20l7-4 7 4" />
        </svg>
        <span>Lockgate</span>
      </a>
      <nav aria-label="Pages">
        <a
          routerLink="/"
          routerLinkActive="here"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{ exact: true }"
          >Convert</a
        >
        <a routerLink="/sessions" routerLinkActive="here" ariaCurrentWhenActive="page">Sessions</a>
        <a routerLink="/webhooks" routerLinkActive="here" ariaCurrentWhenActive="page">Webhooks</a>
        @if (account.keepsUsers) {
          <a routerLink="/users" routerLinkActive="here" ariaCurrentWhenActive="page">Users</a>
        }
        @if (account.runsServer) {
          <a routerLink="/flags" routerLinkActive="here" ariaCurrentWhenActive="page">Flags</a>
          <a routerLink="/health" routerLinkActive="here" ariaCurrentWhenActive="page">Health</a>
        }
      </nav>
      @if (queue.sending(); as sending) {
        <a class="sending" routerLink="/">Uploading {{ sending }}</a>
      }
      @if (account.me(); as me) {
        @if (me.accounts) {
          <div class="who">
            <a routerLink="/account" aria-label="Account of {{ account.name() }}"
              ><span>{{ account.name() }}</span></a
            >
            <button type="button" class="quiet" (click)="account.signOut()">Sign out</button>
          </div>
        }
      }
    </header>
    <div aria-live="polite">
      @if (!online()) {
        <p class="strip" data-test="offline">
          <strong>Offline.</strong> What you see is the last that was known. It goes on by itself once the
          network is back.
        </p>
      }
    </div>
    <main id="main" tabindex="-1">
      @if (faults.last(); as fault) {
        <lg-alert class="page" title="The page made a mistake" [detail]="fault + '. Reload it to go on.'" />
      }
      <router-outlet />
    </main>
    <footer class="foot">
      <span>Every step is stored before the next begins.</span>
      <a href="/openapi.json">API</a>
    </footer>
  `,
})
export class App {
  protected readonly queue = inject(Queue);
  protected readonly account = inject(Account);
  protected readonly faults = inject(Faults);
  protected readonly online = signal(navigator.onLine);

  /** The address keeps its place: with a base, `#main` would lead to the first page. */
  protected skip(event: Event): void {
    event.preventDefault();
    document.getElementById('main')?.focus();
  }

  /** An upload lives in this page; whatever was uploaded goes on without it. */
  protected leaving(event: BeforeUnloadEvent): void {
    if (this.queue.sending()) event.preventDefault();
  }
}
