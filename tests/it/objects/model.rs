//! The endpoint against a map in memory: whatever the order of operations, both answer the same.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use proptest::prelude::*;

use super::rig::{BUCKET, Rig, files, noise};

#[derive(Clone, Debug)]
enum Op {
    Put { key: String, length: usize, seed: u64, only_new: bool },
    PutWrong { key: String, length: usize },
    Parts { key: String, length: usize, seed: u64, only_new: bool, abort: bool },
    Delete { key: String },
    Get { key: String },
    Range { key: String, first: usize, last: usize },
    List { prefix: String, by_slash: bool, page: i32 },
    Reopen,
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,2}(/[ab]){0,2}",
        1 => "[a/.%+ \\\\ä\u{10FFFF}]{1,4}".prop_filter("the SDK takes a blank key for none", |key| !key.trim().is_empty()),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let length = prop_oneof![4 => 0..200_usize, 1 => 200_000..600_000_usize];
    prop_oneof![
        4 => (key(), length, any::<u64>(), any::<bool>())
            .prop_map(|(key, length, seed, only_new)| Op::Put { key, length, seed, only_new }),
        1 => (key(), 1..300_usize).prop_map(|(key, length)| Op::PutWrong { key, length }),
        2 => (key(), 1..300_usize, any::<u64>(), any::<bool>(), any::<bool>())
            .prop_map(|(key, length, seed, only_new, abort)| Op::Parts { key, length, seed, only_new, abort }),
        2 => key().prop_map(|key| Op::Delete { key }),
        3 => key().prop_map(|key| Op::Get { key }),
        2 => (key(), 0..300_usize, 0..300_usize).prop_map(|(key, first, more)| Op::Range {
            key,
            first,
            last: first + more,
        }),
        2 => ("[ab]{0,1}/{0,1}", any::<bool>(), 1..4).prop_map(|(prefix, by_slash, page)| Op::List {
            prefix,
            by_slash,
            page,
        }),
        1 => Just(Op::Reopen),
    ]
}

type Model = BTreeMap<String, Vec<u8>>;

async fn apply(rig: &Rig, model: &mut Model, op: &Op) {
    match op {
        Op::Put { key, length, seed, only_new } => {
            let body = noise(*length, *seed);
            let put = rig.client().put_object().bucket(BUCKET).key(key).body(ByteStream::from(body.clone()));
            let put = put.set_if_none_match(only_new.then(|| "*".to_owned()));
            let stored = status(put.send().await.map(drop));
            expect_put(model, key, body, *only_new, stored);
        }
        Op::PutWrong { key, length } => {
            let put = rig.client().put_object().bucket(BUCKET).key(key).checksum_crc32("AAAAAA==");
            let sent = put.body(ByteStream::from(noise(*length, 9))).send().await;
            assert_eq!(status(sent.map(drop)), 400);
        }
        Op::Parts { key, length, seed, only_new, abort } => {
            let body = noise(*length, *seed);
            let stored = upload(rig, key, &body, *only_new, *abort).await;
            if !abort {
                expect_put(model, key, body, *only_new, stored);
            }
        }
        Op::Delete { key } => {
            rig.objects.delete(BUCKET, key).await.unwrap();
            model.remove(key);
        }
        Op::Get { key } => assert!(rig.get(key).await.as_ref() == model.get(key), "{key:?} differs"),
        Op::Range { key, first, last } => range(rig, model, key, *first, *last).await,
        Op::List { prefix, by_slash, page } => {
            let listed = list(rig, prefix, *by_slash, *page).await;
            assert_eq!(listed, expected_list(model, prefix, *by_slash));
        }
        Op::Reopen => unreachable!("the caller reopens"),
    }
}

fn status<E: std::fmt::Debug>(sent: Result<(), aws_sdk_s3::error::SdkError<E>>) -> u16 {
    match sent {
        Ok(()) => 200,
        Err(error) => error.raw_response().unwrap_or_else(|| panic!("{error:?}")).status().as_u16(),
    }
}

fn expect_put(model: &mut Model, key: &str, body: Vec<u8>, only_new: bool, status: u16) {
    if only_new && model.contains_key(key) {
        assert_eq!(status, 412);
    } else {
        assert_eq!(status, 200);
        model.insert(key.to_owned(), body);
    }
}

async fn upload(rig: &Rig, key: &str, body: &[u8], only_new: bool, abort: bool) -> u16 {
    use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
    let client = rig.client();
    let created = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    let id = created.upload_id.unwrap();
    let part = client.upload_part().bucket(BUCKET).key(key).upload_id(&id).part_number(3);
    let part = part.body(ByteStream::from(body.to_vec())).send().await.unwrap();
    if !abort {
        let part = CompletedPart::builder().part_number(3).set_e_tag(part.e_tag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(&id);
        let complete = complete.set_if_none_match(only_new.then(|| "*".to_owned())).multipart_upload(parts);
        let stored = status(complete.send().await.map(drop));
        if stored == 200 {
            return stored;
        }
        client.abort_multipart_upload().bucket(BUCKET).key(key).upload_id(&id).send().await.unwrap();
        return stored;
    }
    let abort = client.abort_multipart_upload().bucket(BUCKET).key(key).upload_id(&id);
    status(abort.send().await.map(drop))
}

async fn range(rig: &Rig, model: &Model, key: &str, first: usize, last: usize) {
    let get = rig.client().get_object().bucket(BUCKET).key(key).range(format!("bytes={first}-{last}"));
    match (get.send().await, model.get(key)) {
        (Ok(answer), Some(body)) => {
            let bytes = answer.body.collect().await.unwrap().into_bytes();
            assert_eq!(bytes, body[first..body.len().min(last + 1)]);
        }
        (Ok(_), None) => panic!("{key:?} should not exist"),
        (Err(error), Some(body)) => {
            assert_eq!(error.raw_response().unwrap().status().as_u16(), 416);
            assert!(first >= body.len());
        }
        (Err(error), None) => assert_eq!(error.raw_response().unwrap().status().as_u16(), 404),
    }
}

/// Keys and groups over all pages.
async fn list(rig: &Rig, prefix: &str, by_slash: bool, page: i32) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut groups, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let list = rig.client().list_objects_v2().bucket(BUCKET).prefix(prefix).max_keys(page);
        let list = list.set_delimiter(by_slash.then(|| "/".to_owned())).set_continuation_token(after);
        let answer = list.send().await.unwrap();
        assert_eq!(answer.key_count, Some((answer.contents().len() + answer.common_prefixes().len()) as i32));
        keys.extend(answer.contents().iter().filter_map(|object| object.key.clone()));
        groups.extend(answer.common_prefixes().iter().filter_map(|group| group.prefix.clone()));
        after = answer.next_continuation_token;
        if after.is_none() {
            return (keys, groups);
        }
    }
}

fn expected_list(model: &Model, prefix: &str, by_slash: bool) -> (Vec<String>, Vec<String>) {
    let (mut keys, mut groups) = (Vec::new(), Vec::new());
    for key in model.keys().filter(|key| key.starts_with(prefix)) {
        match key[prefix.len()..].find('/').filter(|_| by_slash) {
            Some(at) => groups.push(key[..=prefix.len() + at].to_owned()),
            None => keys.push(key.clone()),
        }
    }
    groups.dedup();
    (keys, groups)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_a_map(ops in prop::collection::vec(op(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut rig = Rig::start(folder.path()).await;
            let mut model = Model::new();
            for op in &ops {
                if matches!(op, Op::Reopen) {
                    rig.stop().await;
                    rig = Rig::start(folder.path()).await;
                } else {
                    apply(&rig, &mut model, op).await;
                }
            }
            for (key, body) in &model {
                assert!(rig.get(key).await.as_ref() == Some(body), "{key:?} differs at the end");
            }
            rig.stop().await;
            assert_eq!(files(folder.path()).len(), model.len());
        });
    }
}
