//! The client in the store's own process, which asks without a socket.

use activities::objects::{Error, Objects};
use local::s3::Keys;

use super::rig::{BUCKET, MINUTE, Rig, files, keys, noise, send};

fn inside(rig: &Rig) -> Objects {
    rig.store.objects(keys(), format!("http://{}", rig.address))
}

#[tokio::test]
async fn what_is_written_inside_is_read_inside_and_outside() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let inside = inside(&rig);
    // One PUT, and parts.
    for (key, length) in [("small", 3), ("in parts", 12_000_000)] {
        let body = noise(length, 8);
        let mut sink = inside.create(BUCKET, key, "a/b");
        for portion in body.chunks(1_000_000) {
            sink.write(portion.to_vec().into()).await.unwrap();
        }
        let written = sink.finish().await.unwrap();
        assert!(rig.get(key).await.unwrap() == body, "{key}");
        let mut source = inside.open(BUCKET, key, &written);
        let mut read = Vec::new();
        while (read.len() as u64) < source.size() {
            read.extend_from_slice(&source.read_at(read.len() as u64, 700_001).await.unwrap());
        }
        assert!(read == body, "{key}");
        let head = inside.head(BUCKET, key).await.unwrap().unwrap();
        assert_eq!((head.size, head.etag), (written.size, written.etag));
    }
    assert_eq!(inside.list(BUCKET, "").await.unwrap().len(), 2);
    assert_eq!(inside.head(BUCKET, "none").await.unwrap(), None);
}

#[tokio::test]
async fn nobody_comes_in_without_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let wrong = Keys { secret: "another".to_owned(), ..keys() };
    let stranger = rig.store.objects(wrong, format!("http://{}", rig.address));
    let refused = stranger.list(BUCKET, "").await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    let mut sink = stranger.create(BUCKET, "k", "a/b");
    sink.write("x".into()).await.unwrap();
    assert!(matches!(sink.finish().await, Err(Error::Denied { .. })));
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn urls_signed_inside_are_for_outside() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let upload = inside(&rig).presign_put(BUCKET, "k", 1, "a/b", None, MINUTE).await.unwrap();
    assert_eq!(send(&upload, "x").await.0, 200);
    assert_eq!(rig.get("k").await.unwrap(), b"x");
}
