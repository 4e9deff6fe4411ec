//! SIGKILL between any two durable steps of an upload: afterwards the object is there whole with its event, or it never
//! was, and no file is left over.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::FutureExt;
use local::s3::{Handler, Retry};
use tests::doomed::{self, Doomed};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::rig::{BUCKET, PATIENCE, Rig, files};

pub(crate) const UPLOADS_AND_A_DELETION: Doomed = Doomed("objects::crash::inside_a_doomed_process");

/// An upload, an overwrite, an upload in parts, and a deletion.
#[tokio::test]
#[ignore = "run by the other test of this module, with a crash point armed"]
async fn inside_a_doomed_process() {
    let rig = Rig::start(&doomed::folder()).await;
    rig.put("once", "first").await;
    rig.put("twice", "old").await;
    rig.put("twice", "new").await;
    let create = rig.client().create_multipart_upload().bucket(BUCKET).key("parts").send().await.unwrap();
    let id = create.upload_id.unwrap();
    let part = rig.client().upload_part().bucket(BUCKET).key("parts").upload_id(&id).part_number(1);
    let part = part.body(ByteStream::from_static(b"part")).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = rig.client().complete_multipart_upload().bucket(BUCKET).key("parts").upload_id(&id);
    complete.multipart_upload(parts).send().await.unwrap();
    rig.objects.delete(BUCKET, "once").await.unwrap();
    rig.stop().await;
}

#[tokio::test]
async fn a_kill_at_any_point_leaves_whole_objects_or_none() {
    let calm = tempfile::tempdir().unwrap();
    let mut passes = UPLOADS_AND_A_DELETION.calm(calm.path()).unwrap();
    passes.retain(|pass| pass.starts_with("objects."));
    assert!(passes.len() > 30, "{passes:?}");
    for pass in passes {
        let folder = tempfile::tempdir().unwrap();
        UPLOADS_AND_A_DELETION.killed(folder.path(), &pass).unwrap();
        check(folder.path(), &pass).await;
    }
}

/// What may stand at each key, and that the rows, the files and the events agree.
async fn check(folder: &Path, point: &str) {
    let rig = Rig::start(folder).await;
    let mut standing = 0;
    let may: [(&str, &[&[u8]]); 3] =
        [("once", &[b"first"]), ("twice", &[b"old", b"new"]), ("parts", &[b"part"])];
    for (key, bodies) in may {
        let Some(body) = rig.get(key).await else { continue };
        assert!(bodies.contains(&body.as_slice()), "{point}: {key} is {body:?}");
        standing += 1;
    }
    let listed = rig.objects.list(BUCKET, "").await.unwrap();
    assert_eq!(listed.len(), standing, "{point}");
    let unfinished = rig.objects.abort_under(BUCKET, "").await.unwrap();
    assert!(unfinished <= 1, "{point}");
    assert_eq!(files(folder).len(), standing, "{point}: files without rows");
    // Nobody took the events yet: the last one of each key tells of what stands there now.
    let standing: BTreeSet<_> = listed.into_iter().map(|object| (object.key, object.etag)).collect();
    let seen = events(&rig, &standing).await;
    for (key, etag) in standing {
        let last = seen.iter().rfind(|(seen, _)| *seen == key);
        assert_eq!(last, Some(&(key, etag)), "{point}: {seen:?}");
    }
    rig.stop().await;
}

/// The events in the order they come, until every one that must come came.
pub(crate) async fn events(rig: &Rig, expected: &BTreeSet<(String, String)>) -> Vec<(String, String)> {
    let (sender, mut receiver) = unbounded_channel();
    let handler: Handler = Arc::new(move |event| {
        let _ = sender.send((event.key, event.etag));
        async { Ok(()) }.boxed()
    });
    let stop = CancellationToken::new();
    let mut seen = Vec::new();
    let collect = async {
        while !expected.iter().all(|event| seen.contains(event)) {
            let next = tokio::time::timeout(PATIENCE, receiver.recv()).await;
            seen.push(next.unwrap_or_else(|_| panic!("only {seen:?} of {expected:?}")).unwrap());
        }
        stop.cancel();
    };
    let delivery = rig.store.deliver(handler, Retry::default(), stop.clone().cancelled_owned());
    tokio::join!(collect, delivery);
    seen
}
