// The workflow's document, generated from the table of moves and the list of recipes. Which steps there are, it says.

import { readFileSync } from 'node:fs';

const DOCUMENT = new URL('../../states/session.asl.json', import.meta.url);

/** No attempt takes longer, retries and all. */
const ATTEMPT_SECONDS = 24 * 3600;

const text = readFileSync(DOCUMENT, 'utf8');

/** The steps' names: a placeholder each. */
export const STEPS: readonly string[] = [...new Set([...text.matchAll(/\$\{([a-z-]+)\}/g)].map((found) => found[1]!))].sort();

/** The document with a limit for the whole, which only Step Functions has need of: our own engine's sleeps with its machine. */
export function document(): string {
  return JSON.stringify({ TimeoutSeconds: ATTEMPT_SECONDS, ...(JSON.parse(text) as object) });
}
