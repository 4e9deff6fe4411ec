-- notices.db as schema 1 left it: of ada, an admin, with a key and a webhook; one session that is Done and one that is Failed.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE endpoints (
    owner    TEXT NOT NULL,
    id       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    made_at  INTEGER NOT NULL,
    record   TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
INSERT INTO endpoints VALUES('ada','ep_0576416668d742f6becd4dd50e1402aa',3,1795961208534,'{"id":"ep_0576416668d742f6becd4dd50e1402aa","owner":"ada","version":3,"url":"http://127.0.0.1:1/hook","about":"","topics":[],"enabled":true,"disabled":null,"keys":[{"secret":"whsec_C8m/xGsbez/ATQB0fsFfkA6EPvVTUpEqaxN1eMrD2hM=","until":null}],"madeAt":"2026-11-29T14:06:48.534Z","failingSince":"2026-11-29T14:07:28.02Z","restsUntil":null}',3129038244);
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
INSERT INTO deliveries VALUES('ada','07648781-7180-5fe3-a1da-c2814b750239','ep_0576416668d742f6becd4dd50e1402aa','dead',1795961248020,'{"id":"07648781-7180-5fe3-a1da-c2814b750239","owner":"ada","endpoint":"ep_0576416668d742f6becd4dd50e1402aa","notice":{"id":"msg_0e838d4d0ae952909266bf433760e29c","topic":"session.failed","at":"2026-11-29T14:07:28.002Z","data":{"sessionId":"be6ed9ea-bbd0-53c1-87a5-4e5632e1231c","state":"Failed","recipe":"flac","attempt":1,"url":"http://127.0.0.1:18080/sessions/be6ed9ea-bbd0-53c1-87a5-4e5632e1231c","problem":{"type":"media-corrupt","title":"The file is damaged or incomplete.","detail":"The file ends too soon; 389 samples are missing."}}},"replayOf":null,"standing":"dead","tries":[{"at":"2026-11-29T14:07:28.02Z","millis":0,"status":null,"why":"The receiver failed: it was not reached: Connection refused (os error 111).","answer":""}],"nextAt":null,"putOff":0,"madeAt":"2026-11-29T14:07:28.02Z"}',4153869541);
INSERT INTO deliveries VALUES('ada','bf561d09-1bbb-5e17-96fe-eddb09c06c6d','ep_0576416668d742f6becd4dd50e1402aa','dead',1795961248169,'{"id":"bf561d09-1bbb-5e17-96fe-eddb09c06c6d","owner":"ada","endpoint":"ep_0576416668d742f6becd4dd50e1402aa","notice":{"id":"msg_ea06dffea2285e4e8918c65b1b4da9bb","topic":"session.done","at":"2026-11-29T14:07:28.152Z","data":{"sessionId":"34309a4e-9e8f-5a58-b05e-2feb6f74419b","state":"Done","recipe":"flac","attempt":1,"url":"http://127.0.0.1:18080/sessions/34309a4e-9e8f-5a58-b05e-2feb6f74419b"}},"replayOf":null,"standing":"dead","tries":[{"at":"2026-11-29T14:07:28.169Z","millis":0,"status":null,"why":"The receiver failed: it was not reached: Connection refused (os error 111).","answer":""}],"nextAt":null,"putOff":0,"madeAt":"2026-11-29T14:07:28.169Z"}',731841852);
CREATE INDEX log ON deliveries (owner, endpoint, made_at DESC, id DESC);
CREATE INDEX ended ON deliveries (made_at) WHERE standing <> 'waiting';
COMMIT;
PRAGMA user_version=1;
