CREATE TABLE machines (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    created INTEGER NOT NULL, -- every time is in milliseconds since 1970
    deleted INTEGER
) STRICT;
CREATE UNIQUE INDEX machines_by_name ON machines (name) WHERE deleted IS NULL;
CREATE INDEX machines_ever ON machines (name);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    machine INTEGER NOT NULL REFERENCES machines,
    role TEXT NOT NULL,
    definition TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX revisions_by_machine ON revisions (machine);

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    machine INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    name TEXT NOT NULL,
    format INTEGER NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL,
    stopped INTEGER,
    wake INTEGER -- when nothing else is owed
) STRICT;
CREATE UNIQUE INDEX executions_by_name ON executions (machine, name);
CREATE INDEX executions_by_machine ON executions (machine);
CREATE INDEX executions_running ON executions (status) WHERE status = 0;

-- In the order of writing, whichever execution it is of: a commit of a hundred executions then writes a handful of pages.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_execution ON events (execution, first);

CREATE TABLE activities (
    name TEXT PRIMARY KEY,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
