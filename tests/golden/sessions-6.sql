-- sessions.db as schema 6 left it: that of schema 5, where the sweep put off the failed one while it could not be read.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
        checksum   INTEGER NOT NULL
    , pace INTEGER, bytes INTEGER NOT NULL DEFAULT 0, put_off INTEGER) STRICT;
INSERT INTO sessions VALUES('34309a4e-9e8f-5a58-b05e-2feb6f74419b','ada','Done',5,1,NULL,'flac',1795961208625,1795961263182,0,16003,'{"id":"34309a4e-9e8f-5a58-b05e-2feb6f74419b","owner":"ada","state":"Done","version":5,"attempt":1,"source":{"bucket":"uploads","key":"34309a4e-9e8f-5a58-b05e-2feb6f74419b/9426bba5-d7e7-47ed-864b-274df29bc08c","fileName":"gold-a.wav","size":878,"contentType":"audio/wav","sha256":null,"etag":"14fdcda988f5d4cb6f7f1faf5335dd96"},"recipe":"flac","options":{},"start":"manual","metadata":{},"progress":{"permille":1000,"stage":"verifying"},"outputs":[{"name":"gold-a.flac","bucket":"results","key":"34309a4e-9e8f-5a58-b05e-2feb6f74419b/1/63f90dbe-1525-44e5-a1a2-27b18f93b797","bytes":8466,"sha256":"17b950c70c25bef389ff8b08ff2f25376d7865f60f7c4fd4c1446c598c3c65e8","contentType":"audio/flac","media":{"sampleRate":8000,"channels":1,"bitsPerSample":16,"samples":400,"durationSeconds":0.05,"md5":"229589928a80ff950243244b1017f56f","changes":[]},"verified":"It was read back and decodes to the MD5 it states."},{"name":"gold-a.peaks.json","bucket":"results","key":"34309a4e-9e8f-5a58-b05e-2feb6f74419b/1/b1aa3ca8-b4ac-416c-af67-fd65eb17fe6a","bytes":242,"sha256":"9bae5e91498788d5ccee969c2b19be7ca8c19302d6ec88362784877cc80c2a96","contentType":"application/json","media":{"peaks":13},"verified":"It was read back."}],"problem":null,"owes":["DeleteObjects#1"],"dueAt":"2026-11-29T14:07:43.182Z","createdAt":"2026-11-29T14:06:48.625Z","uploadExpiresAt":"2026-11-29T14:21:48.625Z","trail":[{"event":"UploadConfirmed","to":"ReadyToXcode","attempt":0,"transitionId":"e6d57bb7-32cc-5fd7-973a-0314771d63dc","at":"2026-11-29T14:06:48.666Z"},{"event":"TranscodeStarted","to":"Transcoding","attempt":1,"transitionId":"33f93100-aa96-4856-ad8c-89c3ab9b1aa5","at":"2026-11-29T14:07:27.966Z"},{"event":"TranscodeSucceeded","to":"Done","attempt":1,"transitionId":"f0392174-0f3e-4c62-bbc8-a618714691d0","at":"2026-11-29T14:07:28.152Z"}],"deletedAt":null,"requestDigest":"584a7203ac3954aa59b11363db94989d4a2737bfddf2c0b29b7b960a79158bde"}',2762670927,NULL,9586,NULL);
INSERT INTO sessions VALUES('be6ed9ea-bbd0-53c1-87a5-4e5632e1231c','ada','Failed',4,1,'MediaCorrupt','flac',1795961209790,1795961263021,0,2,'{"id":"be6ed9ea-bbd0-53c1-87a5-4e5632e1231c","owner":"ada","state":"Failed","version":4,"attempt":1,"source":{"bucket":"uploads","key":"be6ed9ea-bbd0-53c1-87a5-4e5632e1231c/f6364317-7abd-4178-969b-94a4eaeb12a5","fileName":"gold-b.wav","size":100,"contentType":"audio/wav","sha256":null,"etag":"6ebef8c5fbe5637d590546a7c8fba4b6"},"recipe":"flac","options":{},"start":"manual","metadata":{},"progress":{"permille":0,"stage":"working"},"outputs":[],"problem":{"type":"media-corrupt","detail":"The file ends too soon; 389 samples are missing."},"owes":["DeleteObjects#1"],"dueAt":"2026-11-29T14:07:43.021Z","createdAt":"2026-11-29T14:06:49.79Z","uploadExpiresAt":"2026-11-29T14:21:49.79Z","trail":[{"event":"UploadConfirmed","to":"ReadyToXcode","attempt":0,"transitionId":"214c7a07-60dd-57b9-9773-788dd1705fb9","at":"2026-11-29T14:06:49.849Z"},{"event":"TranscodeStarted","to":"Transcoding","attempt":1,"transitionId":"b01978ee-4136-4695-9e36-0823c80af284","at":"2026-11-29T14:07:27.883Z"},{"event":"TranscodeFailed","to":"Failed","attempt":1,"transitionId":"2cdc0e30-cb48-4281-bed2-313cc7af52e3","at":"2026-11-29T14:07:28.002Z"}],"deletedAt":null,"requestDigest":"f8a133b0c439e1166f904352e14ede58ed00eebfab6fc7b31baa4fdfe5f82791"}',3821821518,NULL,100,1795961323021);
CREATE INDEX by_owner ON sessions (owner, created_at DESC, id DESC) WHERE deleted = 0;
CREATE INDEX census ON sessions (state, recipe) WHERE deleted = 0;
CREATE INDEX by_age ON sessions (created_at DESC, id DESC) WHERE deleted = 0;
CREATE INDEX usage ON sessions (owner, bytes) WHERE deleted = 0;
CREATE INDEX due ON sessions (coalesce(put_off, due_at)) WHERE due_at IS NOT NULL;
COMMIT;
PRAGMA user_version=6;
