import { parse } from './meters';
import { summary } from './summary';

const TEXT = `
lockgate_sessions{state="Done",recipe="flac"} 3
lockgate_sessions{state="Failed",recipe="flac"} 1
lockgate_media_work{state="running"} 2
lockgate_media_work{state="waiting"} 7
lockgate_disk_bytes{what="objects"} 750
lockgate_disk_bytes{what="new.db"} 250
lockgate_disk_free_bytes 9000
lockgate_session_failures_total{recipe="flac",problem="media-corrupt"} 1
lockgate_session_failures_total{recipe="video",problem="media-corrupt"} 2
lockgate_session_failures_total{recipe="video",problem="too-long"} 9
lockgate_notice_tries_total{by="webhook",outcome="delivered"} 5
lockgate_notice_tries_total{by="webhook",outcome="gone"} 0
lockgate_notice_tries_total{by="mail",outcome="new"} 1
lockgate_commit_seconds_bucket{ledger="journal",le="0.001"} 10
lockgate_commit_seconds_bucket{ledger="journal",le="+Inf"} 10
lockgate_commit_seconds_count{ledger="journal"} 10
lockgate_commit_seconds_count{ledger="people"} 0
`;

describe('what the health page shows', () => {
  it('is what the meters say', () => {
    const now = summary(parse(TEXT));
    expect(now.sessions[0]).toEqual({ recipe: 'flac', counts: [0, 0, 0, 3, 1], total: 4 });
    expect(now.media).toEqual({ running: 2, waiting: 7 });
    expect(now.disk).toEqual([
      { what: 'Files and results', bytes: 750, share: 75 },
      { what: 'new.db', bytes: 250, share: 25 },
    ]);
    expect([now.taken, now.free]).toEqual([1000, 9000]);
    expect(now.failures).toEqual([
      { problem: 'too-long', count: 9 },
      { problem: 'media-corrupt', count: 3 },
    ]);
    expect(now.notices).toEqual([
      { what: 'Delivered (webhook)', count: 5 },
      { what: 'new (letter)', count: 1 },
    ]);
    expect(now.commits).toEqual([{ ledger: 'journal', count: 10, p50: 0.0005, p99: 0.00099 }]);
  });

  it('is nothing, not an error, where nothing is measured', () => {
    const now = summary(parse(''));
    expect([now.disk, now.failures, now.notices, now.commits]).toEqual([[], [], [], []]);
    expect(now.sessions.every(({ total }) => total === 0)).toBe(true);
  });
});
