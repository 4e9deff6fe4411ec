//! Reading: ranges, conditions, an object that changes under a reader, and bytes the disk has spoiled.

use std::path::Path;

use activities::objects::{Error, Written};
use aws_sdk_s3::error::ProvideErrorMetadata;
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

fn pinned(body: &[u8], etag: String) -> Written {
    Written { size: body.len() as u64, etag }
}

#[tokio::test]
async fn a_source_reads_ahead_and_notices_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(3_000_000, 2);
    let etag = rig.put("k", body.clone()).await;
    let mut source = rig.objects.open(BUCKET, "k", &pinned(&body, etag));
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
    rig.objects.delete(BUCKET, "k").await.unwrap();
    assert!(matches!(source.read_at(2_900_000, 1).await, Err(Error::Missing { .. })));
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

/// Flips a bit in the middle of a stored file, for as long as `during` takes.
async fn while_flipped(path: &Path, place: usize, during: impl Future<Output = ()>) {
    let whole = std::fs::read(path).unwrap();
    let mut flipped = whole.clone();
    flipped[place] ^= 1 << (place % 8);
    std::fs::write(path, flipped).unwrap();
    during.await;
    std::fs::write(path, whole).unwrap();
}

#[tokio::test]
async fn every_range_over_a_flipped_bit_is_refused_and_every_other_is_right() {
    const BLOCK: usize = 64 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(5 * BLOCK + 321, 6);
    rig.put("k", body.clone()).await;
    let path = files(folder.path()).pop_first().unwrap();
    let last = body.len() - 1;
    let ranges = [
        (0, 0),
        (0, 99),
        (1, last),
        (BLOCK - 1, BLOCK),
        (BLOCK, 2 * BLOCK - 1),
        (70_000, 200_000),
        (last, last),
    ];
    let (mut refused, mut right) = (0, 0);
    for place in [0, 1, 99, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7, 5 * BLOCK, last] {
        let reads = async {
            for (from, to) in ranges {
                let covers = (from..=to).contains(&place);
                match get(&rig).range(format!("bytes={from}-{to}")).send().await {
                    Ok(answer) => {
                        assert!(!covers, "a bit of byte {place} is flipped, and {from}-{to} was read");
                        assert!(answer.body.collect().await.unwrap().into_bytes() == body[from..=to]);
                        right += 1;
                    }
                    Err(error) => {
                        assert!(
                            from / BLOCK <= place / BLOCK && place / BLOCK <= to / BLOCK,
                            "{place}: {from}-{to}"
                        );
                        assert_eq!(error.code(), Some("ObjectDamaged"), "{error:?}");
                        refused += 1;
                    }
                }
            }
        };
        while_flipped(&path, place, reads).await;
    }
    assert!(refused >= 20 && right >= 20, "{refused} refused, {right} right");
}

#[tokio::test]
async fn a_source_tells_damage_from_a_store_that_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(3_000_000, 7);
    let etag = rig.put("k", body.clone()).await;
    let path = files(folder.path()).pop_first().unwrap();
    let mut source = rig.objects.open(BUCKET, "k", &pinned(&body, etag));
    let reads = async {
        assert!(source.read_at(0, 500_000).await.unwrap() == body[..500_000]);
        assert!(matches!(source.read_at(1_900_000, 200_000).await, Err(Error::Damaged { .. })));
        assert!(source.read_at(2_500_000, 1000).await.unwrap() == body[2_500_000..2_501_000]);
    };
    while_flipped(&path, 2_000_000, reads).await;
    assert!(source.read_at(1_900_000, 200_000).await.unwrap() == body[1_900_000..2_100_000]);
}

#[tokio::test]
async fn what_was_stored_before_there_were_checksums_of_blocks_is_checked_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let body = noise(200_000, 8);
    rig.put("k", body.clone()).await;
    let rows = rusqlite::Connection::open(folder.path().join("objects.db")).unwrap();
    assert_eq!(rows.execute("UPDATE segments SET blocks = x''", []).unwrap(), 1);
    assert_eq!(rows.execute("UPDATE objects SET seal = NULL", []).unwrap(), 1);
    let range = || get(&rig).range("bytes=10-19").send();
    assert_eq!(range().await.unwrap().body.collect().await.unwrap().into_bytes(), body[10..20]);
    let path = files(folder.path()).pop_first().unwrap();
    let read = async { assert_eq!(range().await.unwrap_err().code(), Some("ObjectDamaged")) };
    while_flipped(&path, 150_000, read).await;
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
