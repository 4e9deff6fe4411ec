//! Forgetting executions that have ended. Candidates are found by an index on a reader's connection; whether each can go is
//! asked again in the commit that deletes it, since it may have been redriven meanwhile.

use ledger::rusqlite::{Connection, params};

use super::super::{Ended, Error};
use crate::Millis;

/// The next that have ended before, in that order.
pub(super) fn ended(
    connection: &Connection,
    before: Millis,
    after: Option<Ended>,
    limit: u32,
) -> Result<Vec<Ended>, Error> {
    let (at, id) = after.unwrap_or((Millis::MIN, 0));
    let sql = "SELECT stopped, id FROM executions
        WHERE status <> 0 AND stopped < ?1 AND (stopped, id) > (?2, ?3) ORDER BY stopped, id LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, at, id, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// It has ended; it is not the newest; the execution that its run is of has ended too; and no run of its own goes on or has
/// children left.
const CAN_GO: &str = "SELECT 1 FROM executions e WHERE e.id = ?1 AND e.status <> 0 AND e.stopped < ?2
    AND e.id < (SELECT max(id) FROM executions)
    AND NOT EXISTS (SELECT 1 FROM map_runs r JOIN executions p ON p.id = r.execution
        WHERE r.id = e.map_run AND (p.status = 0 OR p.stopped >= ?2))
    AND NOT EXISTS (SELECT 1 FROM map_runs r WHERE r.execution = e.id
        AND (r.status = 0 OR EXISTS (SELECT 1 FROM executions c WHERE c.map_run = r.id)))";

/// Deletes those of `candidates` that can go, with their events, map runs and pages; answers how many.
pub(super) fn forget(connection: &Connection, before: Millis, candidates: &[Ended]) -> Result<u32, Error> {
    let mut can_go = connection.prepare_cached(CAN_GO)?;
    let mut count = 0;
    for (_, id) in candidates {
        if !can_go.exists(params![id, before])? {
            continue;
        }
        for sql in [
            "DELETE FROM events WHERE execution = ?1",
            "DELETE FROM map_run_pages WHERE run IN (SELECT id FROM map_runs WHERE execution = ?1)",
            "DELETE FROM map_runs WHERE execution = ?1",
            "DELETE FROM executions WHERE id = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([id])?;
        }
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_found_without_looking_at_the_others() {
        let connection = Connection::open_in_memory().unwrap();
        super::super::MIGRATIONS.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
        let sql = "EXPLAIN QUERY PLAN SELECT stopped, id FROM executions
            WHERE status <> 0 AND stopped < 1 AND (stopped, id) > (2, 3) ORDER BY stopped, id LIMIT 4";
        let plan: String = connection.query_row(sql, [], |row| row.get(3)).unwrap();
        assert!(plan.contains("executions_closed"), "{plan}");
    }
}
