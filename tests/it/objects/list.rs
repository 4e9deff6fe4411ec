//! Listing: many pages, prefixes, groups, and keys that XML could not carry.

use activities::objects::Listed;
use aws_sdk_s3::types::EncodingType;
use futures::{StreamExt, stream};

use super::rig::{BUCKET, Rig};

#[tokio::test(flavor = "multi_thread")]
async fn two_and_a_half_thousand_keys_are_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let keys = stream::iter((0..2500).map(|n| format!("many/{:02}/{n:04}", n % 5)));
    let shared = &rig;
    keys.for_each_concurrent(32, |key| async move { drop(shared.put(&key, "x").await) }).await;
    rig.put("before", "x").await;
    rig.put("manz", "x").await;

    let listed = rig.objects.list(BUCKET, "many/").await.unwrap();
    assert_eq!(listed.len(), 2500);
    assert!(listed.is_sorted_by(|a, b| a.key < b.key));
    let first =
        Listed { key: "many/00/0000".into(), size: 1, etag: "9dd4e461268c8034f5c8564e155c67a6".into() };
    assert_eq!(listed[0], first);

    let groups = rig.client().list_objects_v2().bucket(BUCKET).prefix("many/").delimiter("/");
    let groups = groups.max_keys(3).send().await.unwrap();
    let names = |page: &aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| -> Vec<String> {
        page.common_prefixes().iter().filter_map(|group| group.prefix.clone()).collect()
    };
    assert_eq!(names(&groups), ["many/00/", "many/01/", "many/02/"]);
    let rest = rig.client().list_objects_v2().bucket(BUCKET).prefix("many/").delimiter("/");
    let rest = rest.set_continuation_token(groups.next_continuation_token).send().await.unwrap();
    assert_eq!(names(&rest), ["many/03/", "many/04/"]);
    assert_eq!(rest.is_truncated, Some(false));

    let after =
        rig.client().list_objects_v2().bucket(BUCKET).start_after("many/04/2494").send().await.unwrap();
    let after: Vec<_> = after.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(after, ["many/04/2499", "manz"]);

    let deleted = rig.objects.delete_under(BUCKET, "many/", &Default::default()).await.unwrap();
    assert_eq!(deleted.objects, 2500);
    assert_eq!(rig.objects.list(BUCKET, "").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_equal_to_the_prefix_counts_and_groups_mix_with_keys() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for key in ["a/", "a/b", "a/b/c", "a/b/d", "a/c", "b"] {
        rig.put(key, key).await;
    }
    let page =
        rig.client().list_objects_v2().bucket(BUCKET).prefix("a/").delimiter("/").send().await.unwrap();
    let keys: Vec<_> = page.contents().iter().filter_map(|object| object.key()).collect();
    let groups: Vec<_> = page.common_prefixes().iter().filter_map(|group| group.prefix()).collect();
    assert_eq!((keys, groups), (vec!["a/", "a/b", "a/c"], vec!["a/b/"]));
    let foreign = rig.client().list_objects_v2().bucket(BUCKET).continuation_token("not ours!").send().await;
    assert_eq!(foreign.unwrap_err().raw_response().unwrap().status().as_u16(), 400);
}

/// The end of a group must not be sought by a key that itself may be of it.
#[tokio::test]
async fn a_group_is_listed_once_whatever_its_keys_begin_with() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for key in ["a/\u{10FFFF}/1", "a/\u{10FFFF}2", "b"] {
        rig.put(key, "").await;
    }
    let (mut groups, mut keys, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let list = rig.client().list_objects_v2().bucket(BUCKET).delimiter("/").max_keys(1);
        let page = list.set_continuation_token(token).send().await.unwrap();
        groups.extend(page.common_prefixes().iter().filter_map(|group| group.prefix.clone()));
        keys.extend(page.contents().iter().filter_map(|object| object.key.clone()));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((groups, keys), (vec!["a/".to_owned()], vec!["b".to_owned()]));
}

#[tokio::test]
async fn keys_xml_cannot_carry_are_listed_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let key = "bell\u{7}/<&>\n ä+%";
    rig.put(key, "x").await;
    let list = rig.client().list_objects_v2().bucket(BUCKET).encoding_type(EncodingType::Url);
    let page = list.send().await.unwrap();
    assert_eq!(page.contents()[0].key(), Some("bell%07/%3C%26%3E%0A%20%C3%A4%2B%25"));
}
