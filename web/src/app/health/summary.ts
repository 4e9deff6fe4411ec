// What the health page shows, taken from the meters.
import { recipeValues, stateValues } from '../api/schema';
import { by, quantile, sum, type Meters } from './meters';

/** What lies on the disk, by the name of its meter. */
const LYING: Record<string, string> = {
  objects: 'Files and results',
  'objects.db': 'Register of the files',
  'sessions.db': 'Sessions',
  'journal.db': 'Histories of executions',
  'notices.db': 'What was told',
  'people.db': 'Accounts',
};

const OUTCOMES: Record<string, string> = {
  delivered: 'Delivered',
  refused: 'Refused, to be tried again',
  throttled: 'Asked for a rest',
  gone: 'Gone for good',
};

const SENDERS: Record<string, string> = { webhook: 'webhook', mail: 'letter' };

export interface Summary {
  sessions: { recipe: string; counts: number[]; total: number }[];
  media: { running: number; waiting: number };
  disk: { what: string; bytes: number; share: number }[];
  taken: number;
  free: number;
  failures: { problem: string; count: number }[];
  notices: { what: string; count: number }[];
  commits: { ledger: string; count: number; p50: number; p99: number }[];
}

export function summary(meters: Meters): Summary {
  const disk = by(meters, 'lockgate_disk_bytes', 'what');
  const taken = disk.reduce((total, { value }) => total + value, 0);
  const tries = (meters.get('lockgate_notice_tries_total') ?? []).filter(({ value }) => value > 0);
  return {
    sessions: recipeValues.map((recipe) => ({
      recipe,
      counts: stateValues.map((state) => sum(meters, 'lockgate_sessions', { recipe, state })),
      total: sum(meters, 'lockgate_sessions', { recipe }),
    })),
    media: {
      running: sum(meters, 'lockgate_media_work', { state: 'running' }),
      waiting: sum(meters, 'lockgate_media_work', { state: 'waiting' }),
    },
    disk: disk.map(({ of, value }) => ({
      what: LYING[of] ?? of,
      bytes: value,
      share: taken ? (100 * value) / taken : 0,
    })),
    taken,
    free: sum(meters, 'lockgate_disk_free_bytes'),
    failures: by(meters, 'lockgate_session_failures_total', 'problem').map(({ of, value }) => ({
      problem: of,
      count: value,
    })),
    notices: tries.map(({ labels, value }) => ({
      what: `${OUTCOMES[labels['outcome'] ?? ''] ?? labels['outcome']} (${SENDERS[labels['by'] ?? ''] ?? labels['by']})`,
      count: value,
    })),
    commits: by(meters, 'lockgate_commit_seconds_count', 'ledger').flatMap(({ of: ledger, value: count }) => {
      const p50 = quantile(meters, 'lockgate_commit_seconds', 0.5, { ledger });
      const p99 = quantile(meters, 'lockgate_commit_seconds', 0.99, { ledger });
      return p50 === undefined || p99 === undefined ? [] : [{ ledger, count, p50, p99 }];
    }),
  };
}
