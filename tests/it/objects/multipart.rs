//! Uploads in parts: any order, replaced parts, the held-back first part, and nothing left of what was aborted.

use std::collections::HashSet;

use activities::objects::write::FIRST_PART;
use activities::objects::{Error, Written};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::rig::{BUCKET, Rig, files, noise};

const MIN_PART: usize = 5 * 1024 * 1024;

async fn begin(rig: &Rig, key: &str) -> String {
    let create = rig.client().create_multipart_upload().bucket(BUCKET).key(key).content_type("audio/flac");
    create.send().await.unwrap().upload_id.unwrap()
}

async fn part(rig: &Rig, key: &str, id: &str, number: i32, bytes: &[u8]) -> CompletedPart {
    let send = rig.client().upload_part().bucket(BUCKET).key(key).upload_id(id).part_number(number);
    let answer = send.body(ByteStream::from(bytes.to_vec())).send().await.unwrap();
    CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build()
}

/// The new object's ETag, or the error's code.
async fn complete(rig: &Rig, key: &str, id: &str, parts: &[&CompletedPart]) -> Result<String, String> {
    let parts = parts.iter().map(|part| (*part).clone()).collect();
    let upload = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = rig.client().complete_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
    match complete.if_none_match("*").multipart_upload(upload).send().await {
        Ok(answer) => Ok(answer.e_tag.unwrap()),
        Err(error) => Err(error.code().unwrap().to_owned()),
    }
}

#[tokio::test]
async fn parts_in_any_order_and_replaced_make_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let (first, second, last) = (noise(MIN_PART, 1), noise(MIN_PART + 7, 2), noise(99, 3));
    let id = begin(&rig, "k").await;
    let three = part(&rig, "k", &id, 7, &last).await;
    let stale = part(&rig, "k", &id, 1, &second).await;
    let two = part(&rig, "k", &id, 3, &second).await;
    let one = part(&rig, "k", &id, 1, &first).await;
    part(&rig, "k", &id, 9, b"never listed").await;

    assert_eq!(complete(&rig, "k", &id, &[&stale, &two, &three]).await.unwrap_err(), "InvalidPart");
    assert_eq!(complete(&rig, "k", &id, &[&two, &one, &three]).await.unwrap_err(), "InvalidPartOrder");
    assert_eq!(complete(&rig, "k", &id, &[&one, &one]).await.unwrap_err(), "InvalidPartOrder");
    let unknown = CompletedPart::builder().part_number(4).e_tag("\"x\"").build();
    assert_eq!(complete(&rig, "k", &id, &[&one, &unknown]).await.unwrap_err(), "InvalidPart");
    assert_eq!(complete(&rig, "other", &id, &[&one]).await.unwrap_err(), "NoSuchUpload");
    assert_eq!(rig.get("k").await, None, "nothing is seen before it is complete");

    let listed = rig.client().list_parts().bucket(BUCKET).key("k").upload_id(&id).send().await.unwrap();
    let numbers: Vec<_> = listed.parts().iter().filter_map(|part| part.part_number()).collect();
    assert_eq!(numbers, [1, 3, 7, 9]);

    let etag = complete(&rig, "k", &id, &[&one, &two, &three]).await.unwrap();
    assert!(etag.ends_with("-3\""), "{etag}");
    assert_eq!(rig.get("k").await.unwrap(), [first.clone(), second.clone(), last].concat());
    assert_eq!(files(folder.path()).len(), 3, "the replaced and the unlisted part are gone");
    assert_eq!(complete(&rig, "k", &id, &[&one]).await.unwrap_err(), "NoSuchUpload");

    // A range over the border of two segments.
    let border = MIN_PART as u64;
    let size = rig.get("k").await.unwrap().len() as u64;
    let mut source =
        rig.objects.open(BUCKET, "k", &Written { size, etag: etag.trim_matches('"').to_owned() });
    let bytes = source.read_at(border - 5, 10).await.unwrap();
    assert_eq!(bytes, [&first[MIN_PART - 5..], &second[..5]].concat());
    rig.stop().await;
}

#[tokio::test]
async fn small_parts_and_taken_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let id = begin(&rig, "k").await;
    let one = part(&rig, "k", &id, 1, b"too small").await;
    let two = part(&rig, "k", &id, 2, b"last").await;
    assert_eq!(complete(&rig, "k", &id, &[&one, &two]).await.unwrap_err(), "EntityTooSmall");
    rig.put("k", "here first").await;
    assert_eq!(complete(&rig, "k", &id, &[&two]).await.unwrap_err(), "PreconditionFailed");
    assert_eq!(rig.get("k").await.unwrap(), b"here first");
    let send = rig.client().upload_part().bucket(BUCKET).key("k").upload_id(&id).part_number(10_001);
    assert_eq!(send.send().await.unwrap_err().code(), Some("InvalidArgument"));
}

#[tokio::test]
async fn aborting_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let id = begin(&rig, "k").await;
    part(&rig, "k", &id, 1, b"bytes").await;
    assert_eq!(files(folder.path()).len(), 1);
    let abort = rig.client().abort_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
    abort.clone().send().await.unwrap();
    assert!(files(folder.path()).is_empty());
    assert_eq!(abort.send().await.unwrap_err().code(), Some("NoSuchUpload"));
}

#[tokio::test]
async fn a_sink_sends_its_first_part_last_and_patched() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for length in [FIRST_PART - 1, FIRST_PART, FIRST_PART + 1, 2 * FIRST_PART, 4 * FIRST_PART + 12_345] {
        let key = format!("of {length}");
        let mut expected = noise(length, length as u64);
        let mut sink = rig.objects.create(BUCKET, &key, "audio/flac");
        for chunk in Bytes::from(expected.clone()).chunks(1_234_567) {
            sink.write(Bytes::copy_from_slice(chunk)).await.unwrap();
        }
        sink.patch(4, b"STREAMINFO").unwrap();
        expected[4..14].copy_from_slice(b"STREAMINFO");
        assert!(sink.patch(FIRST_PART as u64 - 2, b"over").is_err());
        assert_eq!(rig.objects.head(BUCKET, &key).await.unwrap(), None);
        let written = sink.finish().await.unwrap();
        assert_eq!(written.size, length as u64);
        let head = rig.objects.head(BUCKET, &key).await.unwrap().unwrap();
        assert_eq!((head.size, &head.etag), (written.size, &written.etag));
        assert_eq!(head.content_type.as_deref(), Some("audio/flac"));
        assert!(rig.get(&key).await.unwrap() == expected, "{length} bytes differ");
    }
}

#[tokio::test]
async fn a_dropped_sink_aborts_its_upload() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let mut sink = rig.objects.create(BUCKET, "a/k", "audio/flac");
    for _ in 0..3 {
        sink.write(Bytes::from(vec![1; FIRST_PART])).await.unwrap();
    }
    assert_eq!(uploads(&rig).await, 1);
    drop(sink);
    // The abort is on its way; until it arrives the upload is listed.
    tokio::time::timeout(super::rig::PATIENCE, async {
        while uploads(&rig).await > 0 || !files(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(rig.get("a/k").await, None);
}

async fn uploads(rig: &Rig) -> usize {
    let listed = rig.client().list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    listed.uploads().len()
}

#[tokio::test]
async fn what_an_attempt_left_is_deleted_under_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for key in ["s/1/a", "s/1/b", "s/1/keep", "s/10/other", "s/2/next"] {
        rig.put(key, key).await;
    }
    for key in ["s/1/x", "s/1/y", "s/2/z"] {
        let id = begin(&rig, key).await;
        part(&rig, key, &id, 1, b"bytes").await;
    }
    let keep = HashSet::from(["s/1/keep".to_owned()]);
    let deleted = rig.objects.delete_under(BUCKET, "s/1/", &keep).await.unwrap();
    assert_eq!((deleted.objects, deleted.uploads), (2, 2));
    let left: Vec<_> =
        rig.objects.list(BUCKET, "s/").await.unwrap().into_iter().map(|object| object.key).collect();
    assert_eq!(left, ["s/1/keep", "s/10/other", "s/2/next"]);
    assert_eq!(uploads(&rig).await, 1);
    assert_eq!(files(folder.path()).len(), 4);
}

#[tokio::test]
async fn a_lost_answer_to_completing_is_success_and_anothers_object_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let bytes = Bytes::from(noise(FIRST_PART + 9, 5));
    let mut first = rig.objects.create(BUCKET, "k", "audio/flac");
    first.write(bytes.clone()).await.unwrap();
    let written = first.finish().await.unwrap();
    let mut again = rig.objects.create(BUCKET, "k", "audio/flac");
    again.write(bytes.clone()).await.unwrap();
    assert_eq!(again.finish().await.unwrap().etag, written.etag);
    let mut longer = rig.objects.create(BUCKET, "k", "audio/flac");
    longer.write(bytes).await.unwrap();
    longer.write(Bytes::from_static(b"!")).await.unwrap();
    assert!(matches!(longer.finish().await, Err(Error::Changed { .. })));
}

#[tokio::test]
async fn a_read_keeps_the_segments_it_has_not_opened_yet() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(4 * FIRST_PART, 6);
    let mut sink = rig.objects.create(BUCKET, "k", "audio/flac");
    sink.write(Bytes::from(body.clone())).await.unwrap();
    sink.finish().await.unwrap();
    // More than sockets buffer: the last segments are opened after the object is gone.
    let answer = rig.client().get_object().bucket(BUCKET).key("k").send().await.unwrap();
    rig.objects.delete(BUCKET, "k").await.unwrap();
    assert_eq!(rig.get("k").await, None);
    assert!(answer.body.collect().await.unwrap().into_bytes() == body);
    rig.stop().await;
    assert!(files(folder.path()).is_empty());
}
