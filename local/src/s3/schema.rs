//! The tables of `objects.db`.
//!
//! An object is its row and the segments that row names; an uploaded part is its row too. So one transaction makes an
//! object appear whole, with its event, and a file that no row names is rubbish by definition.

/// Applied in order, each once; never changed once released.
pub(super) const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE buckets (
    name     TEXT PRIMARY KEY,
    created  INTEGER NOT NULL,             -- milliseconds since 1970, as all times here
    notifies INTEGER NOT NULL              -- whether objects created in it make events
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
    bucket       TEXT NOT NULL REFERENCES buckets (name),
    key          TEXT NOT NULL,
    version      TEXT NOT NULL UNIQUE,
    etag         TEXT NOT NULL,
    size         INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    headers      TEXT NOT NULL,            -- JSON: the other headers that are given back
    modified     INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    version  TEXT NOT NULL,
    position INTEGER NOT NULL,
    file     TEXT NOT NULL UNIQUE,
    size     INTEGER NOT NULL,
    sha256   BLOB NOT NULL,
    PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,
    bucket       TEXT NOT NULL REFERENCES buckets (name),
    key          TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers      TEXT NOT NULL,
    started      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_key ON uploads (bucket, key, id);

CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id),
    number INTEGER NOT NULL,
    file   TEXT NOT NULL UNIQUE,
    size   INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    md5    BLOB NOT NULL,
    stored INTEGER NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket  TEXT NOT NULL,
    key     TEXT NOT NULL,
    version TEXT NOT NULL,
    etag    TEXT NOT NULL,
    size    INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_key ON events (bucket, key, id);
",
    "
ALTER TABLE segments ADD COLUMN blocks BLOB NOT NULL DEFAULT x'';   -- a checksum for each block of the file
ALTER TABLE parts ADD COLUMN blocks BLOB NOT NULL DEFAULT x'';
",
    "
ALTER TABLE objects ADD COLUMN seal INTEGER;                        -- a checksum of the row and its segments
",
];
