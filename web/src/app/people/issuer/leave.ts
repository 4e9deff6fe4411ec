// The way out of the page, to where the issuer is.
import { InjectionToken } from '@angular/core';

/** `replace` leaves no entry that going back would lead to, and from there here again. */
export type Leave = (url: string, how?: 'replace') => void;

export const LEAVE = new InjectionToken<Leave>('leave', {
  factory: () => (url, how) => (how ? location.replace(url) : location.assign(url)),
});
