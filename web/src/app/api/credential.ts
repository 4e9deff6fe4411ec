// Who asks: an access token, kept in memory only, and the way to the next one: by a cookie that no script can read, or of an
// issuer. Where the server has no accounts there is neither, and nobody is asked.
import { signal } from '@angular/core';

import type { SignedIn } from './answers';

/** By which a page says that it is one; another site's page cannot. */
export const FROM_PAGE = { 'X-Lockgate-Page': '1' };

/** A token lives a quarter of an hour. Counted here and not by its date: this device's clock may be wrong. */
const FRESH = 12 * 60_000;

export type Next = 'taken' | 'refused' | 'unreachable';

/** Whoever gives the tokens. */
export interface Source {
  /** Fetches the next one, and takes it. */
  next(): Promise<Next>;
  /** Where one signs out there too. */
  signOut?: string | undefined;
  /** Whoever it was has signed out, in every tab. */
  end?(): void;
}

const SERVER: Source = { next: () => exclusively(byCookie) };

let source = SERVER;
let held: { token: string; until: number } | undefined;
let renewing: Promise<boolean> | undefined;

/** Rises whenever it turns out that nobody is signed in any more. */
export const lost = signal(0);

/** What whoever is signed in is called, where the server only knows a number. */
export const called = signal<string | undefined>(undefined);

export function take(
  { accessToken }: Pick<SignedIn, 'accessToken'>,
  of: { fresh?: number; name?: string | undefined; source?: Source } = {},
): void {
  held = { token: accessToken, until: Date.now() + (of.fresh ?? FRESH) };
  source = of.source ?? SERVER;
  called.set(of.name);
}

export function letGo(): void {
  source = SERVER;
  held = undefined;
}

/** For good. Where one has to sign out too, if it is not the server. */
export function signOut(): string | undefined {
  const { signOut, end } = source;
  letGo();
  end?.();
  return signOut;
}

/** Who has given what is held: the server itself, if it is nothing. */
export function isOfServer(): boolean {
  return source === SERVER;
}

export function isHeld(): boolean {
  return held !== undefined;
}

/** What a request says of who asks. */
export async function authorization(): Promise<Record<string, string>> {
  if (held && Date.now() >= held.until) await renew();
  return held ? { Authorization: `Bearer ${held.token}` } : {};
}

/** Fetches the next token; whether there is one. However many ask, it is fetched once. */
export function renew(): Promise<boolean> {
  renewing ??= fetchNext().finally(() => (renewing = undefined));
  return renewing;
}

async function fetchNext(): Promise<boolean> {
  const came = await source.next();
  if (came === 'refused') letGo(); // without a network, what is held may still be good
  return came === 'taken';
}

/** Nobody is signed in any more: whoever shows the page takes note. */
export function lose(): void {
  letGo();
  lost.update((times) => times + 1);
}

async function byCookie(): Promise<Next> {
  let response: Response;
  try {
    response = await fetch('/api/sign-in/refresh', { method: 'POST', headers: FROM_PAGE });
  } catch {
    return 'unreachable';
  }
  if (response.ok) take((await response.json()) as SignedIn);
  else return response.status === 401 ? 'refused' : 'unreachable';
  return 'taken';
}

/** The cookie is good once, and all tabs have the same: two of them that used it would sign each other out. */
async function exclusively(work: () => Promise<Next>): Promise<Next> {
  return 'locks' in navigator ? await navigator.locks.request('lockgate-refresh', work) : work();
}
