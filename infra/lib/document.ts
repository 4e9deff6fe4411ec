// The workflow's document, generated from the table of moves and the list of recipes. Which steps there are, it says, and
// who does each.

import { readFileSync } from 'node:fs';

import limits from '../../states/limits.json' with { type: 'json' };

const DOCUMENT = new URL('../../states/session.asl.json', import.meta.url);
const NOTICES = new URL('../../states/notify.asl.json', import.meta.url);

/** No attempt takes longer, retries and all. */
const ATTEMPT_SECONDS = 24 * 3600;

interface State {
  readonly Resource?: string;
  readonly HeartbeatSeconds?: number;
}

const text = readFileSync(DOCUMENT, 'utf8');
const { States: states } = JSON.parse(text) as { States: Record<string, State> };

/** What stands behind the name of a step that is a function, in the placeholder of the same as a worker's. */
const BY_WORKER = /ByWorker$/;

/** The activity of a worker's step. */
export const activityOf = (step: string): string => step.replace(BY_WORKER, '');

/** The steps that workers ask for: they are missed when they are silent, and nobody invokes them. */
export const WORKED: readonly string[] = Object.values(states)
  .filter((state) => state.HeartbeatSeconds !== undefined)
  .flatMap((state) => [...(state.Resource ?? '').matchAll(/^\$\{([A-Za-z]+)\}$/g)].map((found) => found[1]!))
  .sort();

/** The steps that are functions. */
export const STEPS: readonly string[] = [...new Set([...text.matchAll(/\$\{([A-Za-z]+)\}/g)].map((found) => found[1]!))]
  .filter((name) => !WORKED.includes(name))
  .sort();

/** The step of a notice's delivery. */
export const DELIVER = 'deliver';

/** The document of a delivery, which is tried for days. */
export const noticeDocument = (): string => JSON.stringify(JSON.parse(readFileSync(NOTICES, 'utf8')));

/** The document as Step Functions has need of it: with a limit for the whole, since our own engine's sleeps with its machine, and with more patience for workers. */
export function document(): string {
  const parsed = JSON.parse(text) as { States: Record<string, State> };
  const patient = ([name, state]: [string, State]): [string, State] =>
    [name, state.HeartbeatSeconds === undefined ? state : { ...state, HeartbeatSeconds: limits.heartbeatOnAwsSeconds }];
  const States = Object.fromEntries(Object.entries(parsed.States).map(patient));
  return JSON.stringify({ TimeoutSeconds: ATTEMPT_SECONDS, ...parsed, States });
}
