-- sessions.db as schema 2 left it, when what had ended was kept for ever: one session that is Done, one that was deleted.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    state      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    problem    TEXT,
    recipe     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER,
    deleted    INTEGER NOT NULL,
    progress   INTEGER NOT NULL,
    record     TEXT NOT NULL,
    checksum   INTEGER NOT NULL,
    pace       INTEGER
) STRICT;
CREATE INDEX by_owner ON sessions (owner, created_at DESC, id DESC) WHERE deleted = 0;
CREATE INDEX due ON sessions (due_at) WHERE due_at IS NOT NULL;
PRAGMA user_version = 2;
INSERT INTO sessions VALUES ('done', 'local', 'Done', 4, 1, NULL, 'flac', 1767225600000, NULL, 0, 16003,
    '{"id":"done","owner":"local","state":"Done","version":4,"attempt":1,"source":{"bucket":"uploads","key":"done/x","fileName":"a.wav","size":10,"contentType":"audio/wav","sha256":null,"etag":"e"},"recipe":"flac","options":{},"start":"manual","metadata":{},"progress":{"permille":1000,"stage":"verifying"},"outputs":[{"name":"a.flac","bucket":"results","key":"done/1/x","bytes":1,"sha256":"0000000000000000000000000000000000000000000000000000000000000000","contentType":"audio/flac","media":{},"verified":"It was read back."}],"problem":null,"owes":[],"dueAt":null,"createdAt":"2026-01-01T00:00:00Z","uploadExpiresAt":"2026-01-01T00:15:00Z","trail":[{"event":"UploadConfirmed","to":"ReadyToXcode","attempt":0,"transitionId":"t1","at":"2026-01-01T00:01:00Z"},{"event":"TranscodeStarted","to":"Transcoding","attempt":1,"transitionId":"t2","at":"2026-01-01T00:02:00Z"},{"event":"TranscodeSucceeded","to":"Done","attempt":1,"transitionId":"t3","at":"2026-01-01T00:03:00Z"}],"deletedAt":null,"requestDigest":null}', 3406492877, NULL);
INSERT INTO sessions VALUES ('gone', 'local', 'Failed', 5, 1, 'Cancelled', 'flac', 1767225600000, NULL, 1, 0,
    '{"id":"gone","owner":"local","state":"Failed","version":5,"attempt":1,"source":{"bucket":"uploads","key":"gone/x","fileName":"a.wav","size":10,"contentType":"audio/wav","sha256":null,"etag":"e"},"recipe":"flac","options":{},"start":"manual","metadata":{},"progress":{"permille":0,"stage":"queued"},"outputs":[],"problem":{"type":"cancelled","detail":"It was cancelled on request."},"owes":[],"dueAt":null,"createdAt":"2026-01-01T00:00:00Z","uploadExpiresAt":"2026-01-01T00:15:00Z","trail":[{"event":"UploadConfirmed","to":"ReadyToXcode","attempt":0,"transitionId":"t1","at":"2026-01-01T00:01:00Z"},{"event":"TranscodeStarted","to":"Transcoding","attempt":1,"transitionId":"t2","at":"2026-01-01T00:02:00Z"},{"event":"Cancelled","to":"Failed","attempt":1,"transitionId":"t3","at":"2026-01-01T00:03:00Z"}],"deletedAt":"2026-01-02T00:00:00Z","requestDigest":null}', 3049151489, NULL);
