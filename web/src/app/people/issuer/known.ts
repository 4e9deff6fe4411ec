// That somebody has signed in with the issuer in this browser: no token, only that a reload, or another tab, goes there by
// itself. Whoever signs out in one tab is out in all.
import { lose } from '../../api/credential';

const KEY = 'lockgate-issuer';

export function isKnown(): boolean {
  return localStorage.getItem(KEY) !== null;
}

export function know(): void {
  localStorage.setItem(KEY, 'known');
  addEventListener('storage', elsewhere);
}

export function unknow(): void {
  removeEventListener('storage', elsewhere);
  localStorage.removeItem(KEY);
}

/** Only other tabs are told. */
function elsewhere({ key, newValue }: StorageEvent): void {
  if (key === KEY && newValue === null) lose();
}
