-- What an update may change stands with the revision. NULL: as the machine was made.
ALTER TABLE revisions ADD COLUMN settings TEXT;
-- The id that clients see; the first revision of a machine has none.
ALTER TABLE revisions ADD COLUMN label TEXT;

-- A deleted version stays, so that its number is never given again.
CREATE TABLE versions (
    machine INTEGER NOT NULL,
    number INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    description TEXT,
    created INTEGER NOT NULL,
    deleted INTEGER,
    PRIMARY KEY (machine, number)
) STRICT, WITHOUT ROWID;

-- `weight` of a hundred starts go to `version`, the rest to `other`.
CREATE TABLE aliases (
    machine INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    version INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    other INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (machine, name)
) STRICT, WITHOUT ROWID;

-- In the order they were first given. One of `machine` and `activity` says whose they are.
CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    machine INTEGER,
    activity TEXT,
    key TEXT NOT NULL,
    value TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tags_by_machine ON tags (machine, key) WHERE machine IS NOT NULL;
CREATE UNIQUE INDEX tags_by_activity ON tags (activity, key) WHERE activity IS NOT NULL;

ALTER TABLE activities ADD COLUMN encryption TEXT;

-- By what it was started, beside the machine.
ALTER TABLE executions ADD COLUMN version INTEGER;
ALTER TABLE executions ADD COLUMN alias TEXT;
ALTER TABLE executions ADD COLUMN trace TEXT;
ALTER TABLE executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN redriven INTEGER;
