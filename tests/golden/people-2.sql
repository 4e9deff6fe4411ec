-- people.db as schema 2 left it: of ada, an admin, with a key and a webhook; one session that is Done and one that is Failed.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (
    name         TEXT PRIMARY KEY,
    role         TEXT NOT NULL,
    password     TEXT,                 -- a PHC string; NULL until one was set
    disabled     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    signed_in_at INTEGER
, email TEXT) STRICT;
INSERT INTO users VALUES('admin','admin',NULL,0,1795961193632,NULL,NULL);
INSERT INTO users VALUES('ada','admin','$argon2id$v=19$m=19456,t=2,p=1$g4Wa7747IZxiDPU06UjhTg$ONer89zFlSI6pZWsxDChS8j3QHjAbp36Is+BmAWi4B0',0,1795961195535,NULL,NULL);
CREATE TABLE invitations (
    hash       BLOB PRIMARY KEY,
    user       TEXT NOT NULL UNIQUE REFERENCES users (name),
    expires_at INTEGER NOT NULL
) STRICT;
INSERT INTO invitations VALUES(X'1bdf70f3e775ad6fd6a05439ce103418e5eecc5915ee0f910b46374d3c1c19a8','admin',1796220393632);
CREATE TABLE sign_ins (
    id       TEXT PRIMARY KEY,
    user     TEXT NOT NULL REFERENCES users (name),
    began_at INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT;
CREATE TABLE refreshes (
    hash       BLOB PRIMARY KEY,
    sign_in    TEXT NOT NULL REFERENCES sign_ins (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used       INTEGER NOT NULL
) STRICT;
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
INSERT INTO keys VALUES('d596705157124916','api','ada','golden','read write admin',X'd4b178e767c643309c6d398d3d7c244585cd810632db086dfc527ce9dd5f74e2',1795961207590,NULL,1795961208533,NULL);
INSERT INTO keys VALUES('ef727bf1de42416c','api','ada','golden-2','read write admin',X'041deb48430ce3dff4352cd8ded463d611c394a80fb4afb6ec5650a8a6d962e4',1795961246116,NULL,1795961246990,NULL);
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
INSERT INTO audit VALUES(1,1795961195541,'(the command line)','user.add','ada','ada','done','','',X'979e6b99594233be5b41d54631052662d118ffce214d359fc6bf877dab41700d');
INSERT INTO audit VALUES(2,1795961200394,'(the command line)','user.passwd','ada','ada','done','','',X'bdafe49c83dde35eeecf02a37c6340d600d43ac81152ad66c15d6bdc6c213a8c');
INSERT INTO audit VALUES(3,1795961207592,'(the command line)','key.add','d596705157124916','ada','done','','',X'5eca27fb799a01a52775e521c0f832b751cff0fbf26e9c14f31a939c52804947');
INSERT INTO audit VALUES(4,1795961208535,'ada','POST /api/webhooks','','','201','127.0.0.1','73b47474-ac0f-4430-8383-4f964bc1c146',X'417d74d117a11dbd74ca9aea3492e1cb9234462c12256c8e0bffd7c32cbdfc60');
INSERT INTO audit VALUES(5,1795961208634,'ada','POST /xfer','','','201','127.0.0.1','27a289b2-7d0b-47a7-aab2-27ffe5dcc703',X'133c9aace5d8997b6462be878453672f88b61b7fb3146d4ca6ac74430fda5e3d');
INSERT INTO audit VALUES(6,1795961209802,'ada','POST /xfer','','','201','127.0.0.1','06a8a0f2-26a8-4e89-b4dc-d336d898f41a',X'5b987a2c872459bea5ffc086dfcfeaad2ce6fb486ca35699dc502d5830a59563');
INSERT INTO audit VALUES(7,1795961246264,'(the command line)','key.add','ef727bf1de42416c','ada','done','','',X'7e3a272787ba2eb5bef1501f6142c149916ad6a12e8d6c82b25b97d85b978d73');
INSERT INTO audit VALUES(8,1795961247897,'ada','PUT /xcode/{id}','be6ed9ea-bbd0-53c1-87a5-4e5632e1231c','ada','202','127.0.0.1','262b0535-5e8c-4c02-ad6b-d963ca57f2b4',X'4aa8f9142029c81b7c0a30dcb1a4d1d482513d19b88a4f01eca5bbab478b9e45');
INSERT INTO audit VALUES(9,1795961248018,'ada','PUT /xcode/{id}','34309a4e-9e8f-5a58-b05e-2feb6f74419b','ada','202','127.0.0.1','15fb4b50-45ee-44e8-8527-a70e99564bd7',X'4a25a4b35273d73bd2f1e4e8bee68f37d45d3463517c80208f00afa8a4d31e59');
CREATE INDEX sign_ins_by_user ON sign_ins (user);
CREATE INDEX refreshes_by_sign_in ON refreshes (sign_in);
CREATE INDEX keys_by_user ON keys (user, created_at DESC);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
COMMIT;
PRAGMA user_version=2;
