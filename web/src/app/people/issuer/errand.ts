// What this tab remembers while one is at the issuer's, under the state that comes back: each is good for one return.

export interface Errand {
  verifier: string;
  nonce: string;
  /** Where one wanted to go. */
  to: string;
}

const PREFIX = 'lockgate-errand:';

export function remember(state: string, errand: Errand): void {
  // Whoever turned back half-way has left theirs.
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  sessionStorage.setItem(PREFIX + state, JSON.stringify(errand));
}

export function recall(state: string): Errand | undefined {
  const kept = sessionStorage.getItem(PREFIX + state);
  sessionStorage.removeItem(PREFIX + state);
  return kept === null ? undefined : (JSON.parse(kept) as Errand);
}
