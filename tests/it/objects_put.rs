//! Storing: what is declared of a body is proven, and nothing of a refused one stays.

use activities::objects::Error;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::join_all;

use crate::objects_rig::{BUCKET, Rig, files, noise};

#[tokio::test]
async fn every_checksum_the_sdk_knows_is_proven() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    let body = noise(700_000, 1);
    for algorithm in algorithms {
        let put = rig.client().put_object().bucket(BUCKET).key("k").checksum_algorithm(algorithm.clone());
        let answer = put.body(ByteStream::from(body.clone())).send().await.unwrap();
        assert_eq!(answer.e_tag.unwrap().len(), 34, "{algorithm}");
        assert_eq!(rig.get("k").await.unwrap(), body);
    }
    let wrong = STANDARD.encode([0; 4]);
    let put = rig.client().put_object().bucket(BUCKET).key("wrong").checksum_crc32(wrong);
    let error = put.body(ByteStream::from_static(b"x")).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    let put = rig.client().put_object().bucket(BUCKET).key("wrong").content_md5(STANDARD.encode([0; 16]));
    let error = put.body(ByteStream::from_static(b"x")).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(rig.get("wrong").await, None);
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_streamed_body_in_signed_chunks_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(300_000, 2);
    let path = folder.path().join("a file");
    std::fs::write(&path, &body).unwrap();
    // A body from a file is sent aws-chunked, with its checksum in a trailer.
    let put = rig.client().put_object().bucket(BUCKET).key("k").checksum_algorithm(ChecksumAlgorithm::Crc32);
    put.body(ByteStream::from_path(&path).await.unwrap()).send().await.unwrap();
    assert_eq!(rig.get("k").await.unwrap(), body);
}

#[tokio::test]
async fn overwriting_removes_the_old_file_and_deleting_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let first = rig.put("k", "one").await;
    let second = rig.put("k", "two").await;
    assert_ne!(first, second);
    assert_eq!(files(folder.path()).len(), 1);
    rig.objects.delete(BUCKET, "k").await.unwrap();
    rig.objects.delete(BUCKET, "k").await.unwrap();
    assert_eq!(rig.get("k").await, None);
    assert!(files(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_object_or_the_other_while_it_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    rig.put("k", vec![0; 600_000]).await;
    let writers = (1..=20_u8).map(|byte| {
        let rig = &rig;
        async move { drop(rig.put("k", vec![byte; 600_000 + usize::from(byte)]).await) }
    });
    let readers = (0..40).map(|_| async {
        let bytes = rig.get("k").await.unwrap();
        let byte = bytes[0];
        assert!(bytes.iter().all(|other| *other == byte));
        assert_eq!(bytes.len(), 600_000 + usize::from(byte));
    });
    tokio::join!(join_all(writers), join_all(readers));
    rig.stop().await; // the last reader lets go of its file after its answer
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_sink_writes_small_objects_in_one_request_and_only_to_a_free_key() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let mut sink = rig.objects.create(BUCKET, "k", "audio/flac");
    sink.write(Bytes::from_static(b"____ body")).await.unwrap();
    sink.patch(0, b"fLaC").unwrap();
    assert!(matches!(sink.patch(6, b"body"), Err(Error::Invalid { .. })));
    let written = sink.finish().await.unwrap();
    assert_eq!(written.size, 9);
    assert_eq!(rig.get("k").await.unwrap(), b"fLaC body");

    let mut again = rig.objects.create(BUCKET, "k", "audio/flac");
    again.write(Bytes::from_static(b"fLaC body")).await.unwrap();
    let lost_answer = again.finish().await.unwrap();
    assert_eq!(lost_answer.etag, written.etag, "the same bytes are our own, stored before");

    let mut other = rig.objects.create(BUCKET, "k", "audio/flac");
    other.write(Bytes::from_static(b"fLaC b0dy")).await.unwrap();
    assert!(matches!(other.finish().await, Err(Error::Changed { .. })));
    assert_eq!(rig.get("k").await.unwrap(), b"fLaC body");

    let empty = rig.objects.create(BUCKET, "empty", "text/plain").finish().await.unwrap();
    assert_eq!(empty.size, 0);
    assert_eq!(rig.get("empty").await.unwrap(), b"");
}

#[tokio::test]
async fn buckets_are_there_and_unknown_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    rig.client().create_bucket().bucket("more").send().await.unwrap();
    let listed = rig.client().list_buckets().send().await.unwrap();
    let names: Vec<_> = listed.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["more", "results", "uploads"]);
    rig.client().head_bucket().bucket("results").send().await.unwrap();
    assert!(matches!(rig.objects.list("nowhere", "").await, Err(Error::Missing { .. })));
    let sink = rig.objects.create("nowhere", "k", "a/b");
    assert!(matches!(sink.finish().await, Err(Error::Missing { .. })));
}
