-- The tables of people.db. Times are milliseconds since 1970.

CREATE TABLE users (
    name         TEXT PRIMARY KEY,
    role         TEXT NOT NULL,
    password     TEXT,                 -- a PHC string; NULL until one was set
    disabled     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    signed_in_at INTEGER
) STRICT;

-- Lets whoever has the token set the password of a user, once. A user has one invitation at most.
CREATE TABLE invitations (
    hash       BLOB PRIMARY KEY,
    user       TEXT NOT NULL UNIQUE REFERENCES users (name),
    expires_at INTEGER NOT NULL
) STRICT;

-- Somebody has signed in somewhere, and all that followed from it. A row that is gone has ended.
CREATE TABLE sign_ins (
    id       TEXT PRIMARY KEY,
    user     TEXT NOT NULL REFERENCES users (name),
    began_at INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_user ON sign_ins (user);

-- Tokens that fetch the next access token, each good once. One that comes a second time was stolen.
CREATE TABLE refreshes (
    hash       BLOB PRIMARY KEY,
    sign_in    TEXT NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used       INTEGER NOT NULL
) STRICT;
CREATE INDEX refreshes_by_sign_in ON refreshes (sign_in);

-- The user of a key need not be one of users: an issuer may have them.
CREATE TABLE keys (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    user         TEXT NOT NULL,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,        -- words, separated by spaces
    hash         BLOB,                 -- of the secret; NULL where the secret follows from the id
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX keys_by_user ON keys (user, created_at DESC);

-- Each row's hash covers the row and the hash before it.
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    who        TEXT NOT NULL,
    what       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    whose      TEXT NOT NULL,
    result     TEXT NOT NULL,
    address    TEXT NOT NULL,
    request_id TEXT NOT NULL,
    hash       BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
