// What an execution's events say: when each state was entered and left, with what, and what went wrong in it. The steps
// and how each ended are the server's (`History.steps`); here its events are put beside them.
import type { Execution, Step } from '../../api/answers';

/** Step Functions' history event: some fields every one has, and details under a name that its type has. */
export interface HistoryEvent {
  id: number;
  previousEventId?: number;
  timestamp: string | number;
  type: string;
  [details: string]: unknown;
}

export interface Row {
  id: number;
  type: string;
  /** The state it happened in. */
  state: string;
  at: number;
  /** Milliseconds since the execution began. */
  since: number;
  detail: string;
  tone: 'plain' | 'ok' | 'bad';
}

export interface Try {
  number: number;
  error: string;
  cause: string;
  /** Milliseconds until it was tried again; nothing if it was not. */
  againAfter: number | undefined;
}

export interface StepStory {
  step: Step;
  from: number;
  /** Nothing while it runs. */
  to: number | undefined;
  input: string | undefined;
  output: string | undefined;
  tries: Try[];
}

export function eventsOf(execution: Execution): HistoryEvent[] {
  const isEvent = (event: Partial<HistoryEvent>) =>
    typeof event.id === 'number' && typeof event.type === 'string';
  return (execution.events as Partial<HistoryEvent>[]).filter(isEvent) as HistoryEvent[];
}

/** Seconds, as the API of Step Functions has them, or a text. */
export function timeOf(event: HistoryEvent): number {
  return typeof event.timestamp === 'number' ? event.timestamp * 1000 : Date.parse(event.timestamp);
}

export function rows(execution: Execution): Row[] {
  const events = eventsOf(execution);
  const states = statesOf(events);
  const begun = events[0] ? timeOf(events[0]) : 0;
  return events.map((event) => ({
    id: event.id,
    type: event.type,
    state: states.get(event.id) ?? '',
    at: timeOf(event),
    since: timeOf(event) - begun,
    detail: detailOf(event),
    tone: isFailure(event.type) ? 'bad' : /(Succeeded|Exited)$/.test(event.type) ? 'ok' : 'plain',
  }));
}

export function stories(execution: Execution): StepStory[] {
  const events = eventsOf(execution);
  const byId = new Map(events.map((event) => [event.id, event]));
  return execution.steps.map((step) => {
    const [entered, exited] = [byId.get(step.entered), byId.get(step.exited ?? -1)];
    const last = execution.stoppedAt ? Date.parse(execution.stoppedAt) : undefined;
    return {
      step,
      from: entered ? timeOf(entered) : 0,
      to: exited ? timeOf(exited) : last,
      input: text(details(entered)?.['input']),
      output: text(details(exited)?.['output']),
      tries: triesOf(step, events),
    };
  });
}

/** The failures within a step, and how long each was waited after. */
function triesOf(step: Step, events: readonly HistoryEvent[]): Try[] {
  const inside = within(step, events);
  const failures = inside.filter((event) => isFailure(event.type));
  return failures.map((event, index) => {
    const next = inside.find((later) => later.id > event.id && later.type.endsWith('Scheduled'));
    return {
      number: index + 1,
      error:
        text(details(event)?.['error']) ?? (event.type.endsWith('TimedOut') ? 'States.Timeout' : event.type),
      cause: text(details(event)?.['cause']) ?? '',
      againAfter: next ? timeOf(next) - timeOf(event) : undefined,
    };
  });
}

/** The events that came of the one that entered `step`, until another state was entered. */
function within(step: Step, events: readonly HistoryEvent[]): HistoryEvent[] {
  const ids = new Set([step.entered]);
  return events.filter((event) => {
    const follows = ids.has(event.previousEventId ?? -1) && !event.type.endsWith('StateEntered');
    if (follows && event.id !== step.exited) ids.add(event.id);
    return follows && !event.type.startsWith('Execution');
  });
}

function statesOf(events: readonly HistoryEvent[]): Map<number, string> {
  const states = new Map<number, string>();
  for (const event of events) {
    const named = text(details(event)?.['name']);
    const isOwn = event.type.endsWith('StateEntered') || event.type.endsWith('StateExited');
    const state = isOwn ? named : states.get(event.previousEventId ?? -1);
    if (state && !event.type.startsWith('Execution')) states.set(event.id, state);
  }
  return states;
}

export function isFailure(type: string): boolean {
  return /(Failed|TimedOut|Aborted)$/.test(type);
}

export function details(event: HistoryEvent | undefined): Record<string, unknown> | undefined {
  const key = Object.keys(event ?? {}).find((name) => name.endsWith('EventDetails'));
  return key ? (event![key] as Record<string, unknown>) : undefined;
}

function detailOf(event: HistoryEvent): string {
  const known = details(event) ?? {};
  const [error, cause] = [text(known['error']), text(known['cause'])];
  if (error || cause) return [error, cause].filter(Boolean).join(': ');
  return text(known['resource'])?.split(':').pop() ?? '';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** JSON as it can be read; what is none stays as it is. */
export function pretty(json: string | undefined): string {
  if (json === undefined) return '';
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

/** The edges that were gone along, as FROM→TO. */
export function walked(steps: readonly Step[]): Set<string> {
  return new Set(steps.slice(1).map((step, index) => `${steps[index]!.name}→${step.name}`));
}
