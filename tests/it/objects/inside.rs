//! The client in the store's own process, which asks without a socket.

use activities::objects::{Error, Objects};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::s3::Keys;
use md5::{Digest, Md5};

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

/// Who compares an MD5 with what it reads finds it, or an ETag that cannot be one.
#[tokio::test]
async fn an_etag_is_the_md5_of_what_clients_store_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    assert_eq!(rig.put("from outside", "one").await, hex::encode(Md5::digest("one")));
    let inside = inside(&rig);
    let store = async |bytes: &'static [u8]| {
        let mut sink = inside.create(BUCKET, "from inside", "a/b");
        sink.write(bytes.into()).await.unwrap();
        sink.finish().await
    };
    let written = store(b"one").await.unwrap();
    assert_eq!(written.etag.strip_suffix("-1").map(str::len), Some(32), "{written:?}");
    assert_eq!(store(b"one").await.unwrap(), written, "the same bytes are our own, stored before");
    assert!(matches!(store(b"two").await, Err(Error::Changed { .. })), "others of the same length are not");

    let body = ByteStream::from_static(b"one");
    let put = inside.client().put_object().bucket(BUCKET).key("declared").body(body);
    let declared = put.content_md5(STANDARD.encode(Md5::digest("one"))).send().await.unwrap();
    assert_eq!(declared.e_tag.unwrap(), format!("\"{}\"", hex::encode(Md5::digest("one"))));
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
