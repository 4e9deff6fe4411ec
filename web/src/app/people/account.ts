// Who is signed in here. Where the server has no accounts, that is nobody in particular, and everything is theirs.
import { Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';

import type { Me, SignedIn } from '../api/answers';
import { call, failure } from '../api/call';
import { called, isOfServer, letGo, lost, signOut, take } from '../api/credential';
import { LEAVE } from './issuer/leave';

@Injectable({ providedIn: 'root' })
export class Account {
  /** `undefined` when nobody is signed in, or it is not known yet. */
  readonly me = signal<Me | undefined>(undefined);

  readonly name = computed(() => called() ?? this.me()?.user);

  private readonly router = inject(Router);
  private readonly leave = inject(LEAVE);
  private asked: Promise<boolean> | undefined;

  constructor() {
    const before = untracked(lost);
    effect(() => {
      if (lost() > before) untracked(() => this.away());
    });
  }

  /** Whether users are looked after here, and not by an issuer. */
  get keepsUsers(): boolean {
    return this.isAdmin && !!this.me()?.passwords;
  }

  get isAdmin(): boolean {
    const me = this.me();
    return !!me?.accounts && me.role === 'admin';
  }

  /** Whether what concerns the server is shown: its only user looks after it, where there are no accounts. */
  get runsServer(): boolean {
    return this.me()?.role === 'admin';
  }

  /** Whether the page may be shown; asks the server the first time. */
  mayEnter(): Promise<boolean> {
    this.asked ??= this.ask();
    return this.asked;
  }

  async signIn(name: string, password: string): Promise<void> {
    await this.enter(await call('post', '/api/sign-in', { body: { name, password }, has: ['accessToken'] }));
  }

  async accept(invitation: string, password: string): Promise<void> {
    const body = { invitation, password };
    await this.enter(await call('post', '/api/sign-in/invitation', { body, has: ['accessToken'] }));
  }

  async signOut(): Promise<void> {
    if (isOfServer()) await call('post', '/api/sign-out').catch(() => undefined); // it ends here in any case
    const elsewhere = signOut();
    this.forget();
    if (elsewhere) this.leave(elsewhere);
    else await this.router.navigate(['/sign-in']);
  }

  async signOutEverywhere(): Promise<void> {
    await call('post', '/api/sign-out/everywhere');
    this.forget();
    await this.router.navigate(['/sign-in']);
  }

  /** Whoever has changed the password signs in with it. */
  async setPassword(current: string, password: string): Promise<void> {
    const name = this.me()?.user ?? '';
    await call('put', '/api/me/password', { body: { current, password } });
    await this.signIn(name, password);
  }

  /** Whether the server takes the token that is held. */
  entered(): Promise<boolean> {
    this.asked = this.ask();
    return this.asked;
  }

  private async enter(signedIn: SignedIn): Promise<void> {
    take(signedIn);
    await this.entered();
  }

  private async ask(): Promise<boolean> {
    try {
      this.me.set(await call('get', '/api/me', { has: ['user', 'role'] }));
      return true;
    } catch (thrown) {
      this.asked = undefined;
      this.me.set(undefined);
      // Of a server that is away, each place says so itself.
      return failure(thrown).status !== 401;
    }
  }

  private forget(): void {
    letGo();
    this.asked = undefined;
    this.me.set(undefined);
  }

  /** Signed out by the server: to the sign-in, and back to the same place after it. */
  private away(): void {
    this.forget();
    const url = this.router.url;
    if (!isOpen(url)) void this.router.navigate(['/sign-in'], { queryParams: { to: url } });
  }
}

/** Places for whoever is not signed in. */
function isOpen(url: string): boolean {
  return /^\/(sign-in|signed-in|invitation)\b/.test(url);
}

export const signedIn: CanActivateFn = async (_route, { url }) => {
  const [account, router] = [inject(Account), inject(Router)];
  if (await account.mayEnter()) return true;
  return router.createUrlTree(['/sign-in'], { queryParams: url === '/' ? {} : { to: url } });
};
