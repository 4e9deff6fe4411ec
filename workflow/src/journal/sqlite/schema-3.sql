CREATE TABLE map_runs (
    id INTEGER PRIMARY KEY,
    run BLOB NOT NULL, -- its id in the history of the execution that waits for it
    execution INTEGER NOT NULL,
    label TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0, -- as of an execution; while it is 0 somebody has to see to the run
    started INTEGER NOT NULL,
    stopped INTEGER,
    concurrency INTEGER NOT NULL,
    tolerated_count INTEGER,
    tolerated_percentage REAL,
    items INTEGER, -- known when all have been read
    batch INTEGER NOT NULL,
    pins TEXT NOT NULL DEFAULT '{}' -- by which the same content is known again: JSON
) STRICT;
CREATE UNIQUE INDEX map_runs_by_run ON map_runs (run);
CREATE INDEX map_runs_by_execution ON map_runs (execution);
CREATE INDEX map_runs_open ON map_runs (execution, run) WHERE status = 0;

-- An execution that is a child: of which run, from which item on, with how many.
ALTER TABLE executions ADD COLUMN map_run INTEGER;
ALTER TABLE executions ADD COLUMN first_item INTEGER;
ALTER TABLE executions ADD COLUMN item_count INTEGER;
CREATE INDEX executions_by_item ON executions (map_run, first_item) WHERE map_run IS NOT NULL;
CREATE INDEX executions_by_map_run ON executions (map_run, status, item_count) WHERE map_run IS NOT NULL;
-- A machine's list does not show the children, and must not pass them by one by one.
DROP INDEX executions_by_machine;
CREATE INDEX executions_by_machine ON executions (machine) WHERE map_run IS NULL;

-- The items of a run that cannot be read again as they were: a listing, page by page.
CREATE TABLE map_run_pages (
    run INTEGER NOT NULL,
    first INTEGER NOT NULL,
    next TEXT, -- where the page after it begins, if there is one
    items TEXT NOT NULL,
    PRIMARY KEY (run, first)
) STRICT, WITHOUT ROWID;
