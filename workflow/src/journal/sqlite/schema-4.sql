-- How often a run was redriven, and when last.
ALTER TABLE map_runs ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE map_runs ADD COLUMN redriven INTEGER;

-- Of a child: how often its run had been redriven when it was begun, or begun again, last.
ALTER TABLE executions ADD COLUMN redrive INTEGER;
UPDATE executions SET redrive = 0 WHERE map_run IS NOT NULL;
DROP INDEX executions_by_map_run;
CREATE INDEX executions_by_map_run ON executions (map_run, status, redrive, item_count) WHERE map_run IS NOT NULL;
