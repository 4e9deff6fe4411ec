// How a webhook is doing, and what came of a delivery, in words.
import type { Delivery, DeliveryState, NoticeEvent, Webhook } from '../api/answers';
import type { Standing } from '../parts/badge';
import { moment, span } from '../parts/words';

export const NOTICES: Record<NoticeEvent, string> = {
  'session.done': 'A session is done',
  'session.failed': 'A session has failed',
  'endpoint.disabled': 'A webhook of yours was switched off',
};

export const DELIVERIES: Record<DeliveryState, Standing> = {
  waiting: { word: 'Waiting', tone: 'run' },
  delivered: { word: 'Delivered', tone: 'ok' },
  dead: { word: 'Given up', tone: 'bad' },
};

export interface Doing extends Standing {
  /** Why it stands so, in sentences. */
  why: string[];
}

export function doing(webhook: Webhook): Doing {
  const { enabled, disabledBecause, failingSince, restsUntil, previousSecretUntil } = webhook;
  const why = [
    disabledBecause && `The server has switched it off: ${disabledBecause}`,
    failingSince && `Nothing could be delivered since ${moment(failingSince)}.`,
    restsUntil && `It asked for a rest; nothing is sent before ${moment(restsUntil)}.`,
    previousSecretUntil && `The secret before signs too, until ${moment(previousSecretUntil)}.`,
  ].filter((sentence): sentence is string => !!sentence);
  return { ...standing(enabled, !!disabledBecause, !!failingSince, !!restsUntil), why };
}

function standing(enabled: boolean, disabled: boolean, fails: boolean, rests: boolean): Standing {
  if (!enabled) return disabled ? { word: 'Switched off', tone: 'bad' } : { word: 'Off', tone: 'wait' };
  if (fails) return { word: 'Failing', tone: 'bad' };
  return rests ? { word: 'Resting', tone: 'warn' } : { word: 'On', tone: 'ok' };
}

/** What came of each try: its time, the answer's status, and why it did not do. */
export function tries(delivery: Delivery): { at: string; words: string; answer: string }[] {
  return delivery.attempts.map(({ at, status, error, durationMs, response }) => {
    const answered = status === undefined ? 'no answer' : `answered ${status}`;
    const why = error ? `: ${error}` : '';
    return { at, words: `${answered} in ${span(durationMs)}${why}`, answer: response };
  });
}
