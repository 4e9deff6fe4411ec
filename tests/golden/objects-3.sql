-- objects.db as schema 3 left it: of ada, an admin, with a key and a webhook; one session that is Done and one that is Failed.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE buckets (
    name     TEXT PRIMARY KEY,
    created  INTEGER NOT NULL,             -- milliseconds since 1970, as all times here
    notifies INTEGER NOT NULL              -- whether objects created in it make events
) STRICT, WITHOUT ROWID;
INSERT INTO buckets VALUES('results',1795961193857,0);
INSERT INTO buckets VALUES('uploads',1795961193835,1);
CREATE TABLE objects (
    bucket       TEXT NOT NULL REFERENCES buckets (name),
    key          TEXT NOT NULL,
    version      TEXT NOT NULL UNIQUE,
    etag         TEXT NOT NULL,
    size         INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    headers      TEXT NOT NULL,            -- JSON: the other headers that are given back
    modified     INTEGER NOT NULL, seal INTEGER,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
INSERT INTO objects VALUES('results','34309a4e-9e8f-5a58-b05e-2feb6f74419b/1/63f90dbe-1525-44e5-a1a2-27b18f93b797','8716f666007d46a19c1a22a5f979bae7','d95d9f6a553f091e9ff7a8708f569164',8466,'audio/flac','{}',1795961248098,1223624086);
INSERT INTO objects VALUES('results','34309a4e-9e8f-5a58-b05e-2feb6f74419b/1/b1aa3ca8-b4ac-416c-af67-fd65eb17fe6a','4007eccfecb943b9ae758d9a656bf667','5d1ee0fde753df230b53b650774329ba',242,'application/json','{}',1795961248134,2944333497);
INSERT INTO objects VALUES('uploads','34309a4e-9e8f-5a58-b05e-2feb6f74419b/9426bba5-d7e7-47ed-864b-274df29bc08c','df51d2d97afd4ca9ac455ba2bdfb2235','14fdcda988f5d4cb6f7f1faf5335dd96',878,'audio/wav','{}',1795961208663,3082721677);
INSERT INTO objects VALUES('uploads','be6ed9ea-bbd0-53c1-87a5-4e5632e1231c/f6364317-7abd-4178-969b-94a4eaeb12a5','390008fee67d4f2588c5521b054f1261','6ebef8c5fbe5637d590546a7c8fba4b6',100,'audio/wav','{}',1795961209829,42388561);
CREATE TABLE segments (
    version  TEXT NOT NULL,
    position INTEGER NOT NULL,
    file     TEXT NOT NULL UNIQUE,
    size     INTEGER NOT NULL,
    sha256   BLOB NOT NULL, blocks BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (version, position)
) STRICT, WITHOUT ROWID;
INSERT INTO segments VALUES('390008fee67d4f2588c5521b054f1261',0,'68d211b546df435e99f9c43dff3518e3',100,X'cdb895d3b94167eb0eaba2b134d0bb1b33b0161721f203bcfb4c773715b3137f',X'35b5b099');
INSERT INTO segments VALUES('4007eccfecb943b9ae758d9a656bf667',0,'f08609ec5539421dbc3d03410c1c009c',242,X'9bae5e91498788d5ccee969c2b19be7ca8c19302d6ec88362784877cc80c2a96',X'111d9dcf');
INSERT INTO segments VALUES('8716f666007d46a19c1a22a5f979bae7',0,'31929cba843340c7b08a2612faaa4676',8466,X'17b950c70c25bef389ff8b08ff2f25376d7865f60f7c4fd4c1446c598c3c65e8',X'467bc34d');
INSERT INTO segments VALUES('df51d2d97afd4ca9ac455ba2bdfb2235',0,'c6f0de0ea1d648148c52a902cbcb91d3',878,X'4c24f66a882f3b3853559555c50c9ed9367f33be3c7cdfdde40aa31aaa0c4c07',X'2cc98f24');
CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,
    bucket       TEXT NOT NULL REFERENCES buckets (name),
    key          TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers      TEXT NOT NULL,
    started      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE parts (
    upload TEXT NOT NULL REFERENCES uploads (id),
    number INTEGER NOT NULL,
    file   TEXT NOT NULL UNIQUE,
    size   INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    md5    BLOB NOT NULL,
    stored INTEGER NOT NULL, blocks BLOB NOT NULL DEFAULT x'',
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('events',2);
CREATE INDEX uploads_by_key ON uploads (bucket, key, id);
CREATE INDEX events_by_key ON events (bucket, key, id);
COMMIT;
PRAGMA user_version=3;
