-- The tables of notices.db: where owners want to be told, and what was tried to tell them. A row is its record as JSON,
-- with the columns that lists and conditions need beside it, and a checksum of its text. Times are milliseconds since 1970.

CREATE TABLE endpoints (
    owner    TEXT NOT NULL,
    id       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    made_at  INTEGER NOT NULL,
    record   TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    owner    TEXT NOT NULL,
    id       TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    standing TEXT NOT NULL,
    made_at  INTEGER NOT NULL,
    record   TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT;
CREATE INDEX log ON deliveries (owner, endpoint, made_at DESC, id DESC);
CREATE INDEX ended ON deliveries (made_at) WHERE standing <> 'waiting';
