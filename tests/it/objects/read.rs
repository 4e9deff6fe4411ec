//! Reading: ranges, conditions, an object that changes under a reader, and bytes the disk has spoiled.

use activities::objects::Error;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;

use super::rig::{BUCKET, MINUTE, Rig, files, noise};

fn get(rig: &Rig) -> GetObjectFluentBuilder {
    rig.client().get_object().bucket(BUCKET).key("k")
}

async fn status(request: GetObjectFluentBuilder) -> u16 {
    match request.send().await {
        Ok(_) => 200,
        Err(error) => error.raw_response().unwrap().status().as_u16(),
    }
}

#[tokio::test]
async fn ranges_are_cut_and_impossible_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(1000, 1);
    rig.put("k", body.clone()).await;
    let cases = [
        ("bytes=0-0", 0..1),
        ("bytes=10-19", 10..20),
        ("bytes=990-", 990..1000),
        ("bytes=-10", 990..1000),
        ("bytes=-5000", 0..1000),
        ("bytes=999-5000", 999..1000),
    ];
    for (range, expected) in cases {
        let answer = get(&rig).range(range).send().await.unwrap();
        let said = format!("bytes {}-{}/1000", expected.start, expected.end - 1);
        assert_eq!(answer.content_range.as_deref(), Some(said.as_str()), "{range}");
        assert_eq!(answer.body.collect().await.unwrap().into_bytes(), body[expected], "{range}");
    }
    assert_eq!(status(get(&rig).range("bytes=1000-")).await, 416);
    assert_eq!(status(get(&rig).range("bytes=-0")).await, 416);
    rig.put("k", "").await;
    assert_eq!(status(get(&rig).range("bytes=0-0")).await, 416);
    assert_eq!(rig.get("k").await.unwrap(), b"");
}

#[tokio::test]
async fn conditions_decide() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let etag = rig.put("k", "body").await;
    assert_eq!(status(get(&rig).if_match(format!("\"{etag}\""))).await, 200);
    assert_eq!(status(get(&rig).if_match("*")).await, 200);
    assert_eq!(status(get(&rig).if_match("\"other\"")).await, 412);
    assert_eq!(status(get(&rig).if_none_match(format!("\"{etag}\""))).await, 304);
    assert_eq!(status(get(&rig).if_none_match("\"other\"")).await, 200);
    assert_eq!(status(get(&rig).version_id("other")).await, 404);
}

#[tokio::test]
async fn a_source_reads_ahead_and_notices_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(3_000_000, 2);
    let etag = rig.put("k", body.clone()).await;
    let mut source = rig.objects.open(BUCKET, "k", &etag).await.unwrap();
    let places =
        [(0, 10), (10, 70_000), (70_010, 1_500_000), (2_999_990, 100), (5, 5), (2_000_000, 1_000_000)];
    for (offset, len) in places {
        let bytes = source.read_at(offset as u64, len).await.unwrap();
        assert!(bytes == body[offset..(offset + len).min(body.len())], "{len} bytes at {offset}");
    }
    assert!(source.read_at(3_000_000, 1).await.unwrap().is_empty());
    assert!(source.read_at(u64::MAX, 1).await.unwrap().is_empty());
    let mut sequential = Vec::new();
    while sequential.len() < body.len() {
        sequential.extend_from_slice(&source.read_at(sequential.len() as u64, 54_321).await.unwrap());
    }
    assert!(sequential == body);

    rig.put("k", body).await;
    assert!(source.read_at(0, 1).await.is_ok(), "the same bytes have the same ETag");
    rig.put("k", "other").await;
    assert!(matches!(source.read_at(1_500_000, 1).await, Err(Error::Changed { .. })));
    assert!(matches!(rig.objects.open(BUCKET, "k", &etag).await, Err(Error::Changed { .. })));
    rig.objects.delete(BUCKET, "k").await.unwrap();
    assert!(matches!(source.read_at(2_900_000, 1).await, Err(Error::Missing { .. })));
    assert!(matches!(rig.objects.open(BUCKET, "k", &etag).await, Err(Error::Missing { .. })));
}

#[tokio::test]
async fn a_read_in_progress_survives_overwrite_and_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    // Larger than what sockets buffer, so that most of it is read after the object is gone.
    let body = noise(16 * 1024 * 1024, 3);
    rig.put("k", body.clone()).await;
    let first = get(&rig).send().await.unwrap();
    rig.put("k", "new").await;
    let second = get(&rig).send().await.unwrap();
    rig.objects.delete(BUCKET, "k").await.unwrap();
    assert!(first.body.collect().await.unwrap().into_bytes() == body);
    assert_eq!(second.body.collect().await.unwrap().into_bytes(), "new");
    rig.stop().await;
    assert!(files(folder.path()).is_empty(), "the last reader's file goes when it is done");
}

#[tokio::test]
async fn a_flipped_bit_is_never_passed_off_as_good() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for (length, flipped) in [(1000, 500), (2_000_000, 0), (2_000_000, 1_999_999)] {
        let body = noise(length, 4);
        rig.put("k", body.clone()).await;
        let path = files(folder.path()).pop_first().unwrap();
        let mut stored = std::fs::read(&path).unwrap();
        assert!(stored == body);
        stored[flipped] ^= 1;
        std::fs::write(&path, stored).unwrap();
        let url = rig.objects.presign_get(BUCKET, "k", "k", "a/b", MINUTE).await.unwrap();
        match reqwest::get(&url).await.unwrap() {
            whole if whole.status() == 200 => assert!(whole.bytes().await.is_err(), "{length} bytes"),
            refused => assert_eq!(refused.status(), 500),
        }
    }
}

#[tokio::test]
async fn a_file_cut_short_or_gone_or_linked_fails_ranges_too() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let outside = folder.path().join("outside");
    std::fs::write(&outside, noise(1000, 5)).unwrap();
    let spoil: [&dyn Fn(&std::path::Path); 3] = [
        &|path| std::fs::write(path, &noise(1000, 5)[..999]).unwrap(),
        &|path| std::fs::remove_file(path).unwrap(),
        &|path| {
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink(&outside, path).unwrap();
        },
    ];
    for spoil in spoil {
        rig.put("k", noise(1000, 5)).await;
        spoil(&files(folder.path()).pop_first().unwrap());
        let presigned = rig.objects.presign_get(BUCKET, "k", "k", "a/b", MINUTE).await.unwrap();
        let range = reqwest::Client::new().get(presigned).header("range", "bytes=0-9");
        assert_eq!(range.send().await.unwrap().status(), 500);
    }
}
