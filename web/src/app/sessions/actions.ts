// What can be asked of a session, and of which sessions: the server's `allowed` says it, not this page.
import type { Session } from '../api/answers';
import { call, failure, type Failure } from '../api/call';

export type Action = 'start' | 'cancel' | 'redrive' | 'delete';

export const ACTIONS: Record<Action, { word: string; doing: string }> = {
  start: { word: 'Transcode', doing: 'Starting' },
  cancel: { word: 'Cancel', doing: 'Cancelling' },
  redrive: { word: 'Redrive', doing: 'Redriving' },
  delete: { word: 'Delete', doing: 'Deleting' },
};

export function can(action: Action, session: Session): boolean {
  switch (action) {
    case 'start':
      return session.allowed.includes('TranscodeStarted');
    case 'cancel':
      return session.allowed.includes('Cancelled');
    case 'redrive':
      return session.allowed.includes('Redriven') && session.problem?.redrivable !== false;
    case 'delete':
      return true;
  }
}

/** Does it; the session afterwards, or nothing where it was deleted. */
export async function perform(action: Action, id: string): Promise<Session | undefined> {
  const has = ['state', 'source', 'outputs'] as const;
  switch (action) {
    case 'start':
      return call('put', '/xcode/{id}', { id, has });
    case 'cancel':
      return call('post', '/xcode/{id}/cancel', { id, has });
    case 'redrive':
      return call('post', '/xcode/{id}/redrive', { id, has });
    case 'delete':
      return call('delete', '/api/sessions/{id}', { id });
  }
}

/** Does it to several, a few at a time; what failed, by id. */
export async function performAll(action: Action, ids: readonly string[]): Promise<Map<string, Failure>> {
  const failed = new Map<string, Failure>();
  const left = [...ids];
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        await perform(action, id);
      } catch (thrown) {
        failed.set(id, failure(thrown));
      }
    }
  };
  await Promise.all([work(), work(), work()]);
  return failed;
}
