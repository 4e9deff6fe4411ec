// When there is nothing more to come of a session. Apart from `watch.ts`, whose code a list does without.
import type { Session } from './answers';

export function isOver(session: Session): boolean {
  return session.state === 'Done' || session.state === 'Failed';
}
