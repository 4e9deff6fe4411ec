// What is still kept of a session that has ended, and what is gone already.
import type { Session } from '../api/answers';
import { dayAndTime } from '../parts/words';

export function kept({ expired = [], resultsUntil }: Pick<Session, 'expired' | 'resultsUntil'>): string[] {
  const said: string[] = [];
  if (expired.includes('results')) said.push('results are no longer kept');
  else if (resultsUntil) said.push(`results are kept until ${dayAndTime(resultsUntil)}`);
  if (expired.includes('input')) said.push('the uploaded file is no longer kept');
  return said;
}
