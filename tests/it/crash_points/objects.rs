//! The object store besides uploads: sweeping what a dead process left, aborting, forgetting a delivered event. After a
//! SIGKILL at any point the rows are exactly those whose transactions had been committed, no row is without its file, and
//! after the next start no file is without its row.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use futures::FutureExt;
use local::s3::{Handler, Retry};
use rusqlite::Connection;
use tests::doomed::{self, Doomed};
use tokio_util::sync::CancellationToken;

use crate::objects::crash::events;
use crate::objects::rig::{BUCKET, Rig, files};

pub(super) const HOUSEKEEPING: Doomed = Doomed("crash_points::objects::inside_a_doomed_process");

/// A file that no row names, as a dead process may leave it.
const STRAY: &str = "0123456789abcdef0123456789abcdef";

/// Written by the handler, so that it is known after a death what was taken.
const TAKEN: &str = "taken";

/// What the doomed process finds: an upload that was given up long ago, and a stray file.
pub(super) async fn prepare(folder: &Path) {
    let rig = Rig::start(folder).await;
    let id = begin(&rig, "old").await;
    put_part(&rig, "old", &id, "part").await;
    rig.stop().await;
    database(folder).execute("UPDATE uploads SET started = 0", []).unwrap();
    std::fs::write(folder.join("objects").join(STRAY), "rubbish").unwrap();
}

#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    let folder = doomed::folder();
    let rig = Rig::start(&folder).await;
    rig.put("told", "news").await;
    take_events(&rig, &folder).await;
    let id = begin(&rig, "fresh").await;
    put_part(&rig, "fresh", &id, "first").await;
    put_part(&rig, "fresh", &id, "instead").await;
    let abort = rig.client().abort_multipart_upload().bucket(BUCKET).key("fresh").upload_id(&id);
    abort.send().await.unwrap();
    rig.stop().await;
}

async fn begin(rig: &Rig, key: &str) -> String {
    let created = rig.client().create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    created.upload_id.unwrap()
}

async fn put_part(rig: &Rig, key: &str, id: &str, body: &'static str) {
    let part = rig.client().upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(1);
    part.body(ByteStream::from_static(body.as_bytes())).send().await.unwrap();
}

/// Takes every event, until the store has forgotten them.
async fn take_events(rig: &Rig, folder: &Path) {
    let taken = folder.join(TAKEN);
    let handler: Handler = Arc::new(move |event| {
        let taken = taken.clone();
        async move { Ok(std::fs::write(taken, event.key)?) }.boxed()
    });
    let stop = CancellationToken::new();
    let forgotten = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while Standing::read(folder).events > 0 {
            ticks.tick().await;
        }
        stop.cancel();
    };
    let delivery = rig.store.deliver(handler, Retry::default(), stop.clone().cancelled_owned());
    tokio::join!(delivery, forgotten);
}

/// What the rows say.
#[derive(Debug, PartialEq)]
struct Standing {
    objects: Vec<String>,
    uploads: Vec<String>,
    events: i64,
    files: BTreeSet<String>,
}

impl Standing {
    fn read(folder: &Path) -> Self {
        let database = database(folder);
        let texts = |sql: &str| -> Vec<String> {
            let mut statement = database.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        Self {
            objects: texts("SELECT key FROM objects ORDER BY key"),
            uploads: texts("SELECT key FROM uploads ORDER BY key"),
            events: database.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap(),
            files: texts("SELECT file FROM segments UNION SELECT file FROM parts").into_iter().collect(),
        }
    }

    /// Compares with the transactions that were committed when the process died: a pass of `after` says so.
    fn check(&self, passed: &[String], death: &str) {
        let committed = |write: &str| passed.iter().any(|pass| *pass == format!("objects.{write}.after:1"));
        let keys = |standing: &[(&str, bool)]| -> Vec<String> {
            standing.iter().filter(|(_, stands)| *stands).map(|(key, _)| (*key).to_owned()).collect()
        };
        let (old, fresh) = (!committed("abandon"), committed("upload") && !committed("abort"));
        assert_eq!(self.objects, keys(&[("told", committed("put"))]), "{death}");
        assert_eq!(self.uploads, keys(&[("fresh", fresh), ("old", old)]), "{death}");
        assert_eq!(self.events, i64::from(committed("put") && !committed("delivered")), "{death}");
        let parts = [committed("put"), old, fresh && committed("part")];
        assert_eq!(self.files.len(), parts.into_iter().filter(|part| *part).count(), "{death}");
    }
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("objects.db")).unwrap()
}

fn file_names(folder: &Path) -> BTreeSet<String> {
    let name = |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files(folder).into_iter().map(name).collect()
}

#[tokio::test]
async fn a_kill_while_keeping_house_loses_and_leaves_nothing() {
    let calm = tempfile::tempdir().unwrap();
    prepare(calm.path()).await;
    let passes = HOUSEKEEPING.calm(calm.path()).unwrap();
    assert!(passes.len() > 20, "{passes:?}");
    for (place, death) in passes.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path()).await;
        HOUSEKEEPING.killed(folder.path(), death).unwrap();
        let left = Standing::read(folder.path());
        left.check(&passes[..=place], death);
        assert!(left.files.is_subset(&file_names(folder.path())), "{death}: a row without its file");
        recover(folder.path(), left, death).await;
    }
}

/// What stood stands again after the next start, but for the old upload and the files without rows; the event comes again
/// unless it was forgotten, and is forgotten only if it was taken.
async fn recover(folder: &Path, left: Standing, death: &str) {
    let rig = Rig::start(folder).await;
    let now = Standing::read(folder);
    let fresh: Vec<_> = left.uploads.into_iter().filter(|key| key != "old").collect();
    assert_eq!((&now.objects, &now.uploads, now.events), (&left.objects, &fresh, left.events), "{death}");
    assert_eq!(now.files, file_names(folder), "{death}: a file without its row");
    let told = rig.objects.list(BUCKET, "").await.unwrap();
    let told: BTreeSet<_> = told.into_iter().map(|object| (object.key, object.etag)).collect();
    if now.events > 0 {
        assert_eq!(events(&rig, &told).await.len(), 1, "{death}");
    } else {
        assert!(told.is_empty() || folder.join(TAKEN).exists(), "{death}: an event that nobody took is gone");
    }
    rig.stop().await;
}
