//! Hostile keys are just keys: they name objects, and nothing on the disk.

use aws_sdk_s3::primitives::ByteStream;

use crate::objects_rig::{BUCKET, Rig, tree};

#[tokio::test]
async fn no_key_leaves_a_trace_outside_the_folder_of_files() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    let rig = Rig::start(&folder).await;
    std::fs::write(outer.path().join("victim"), "safe").unwrap();
    let before = tree(outer.path());
    let long = "k".repeat(1024);
    let keys = [
        "../victim",
        "../../victim",
        "..%2f..%2fvictim",
        "a//b",
        "/absolute",
        "//",
        ".",
        "..",
        "a/../b",
        "C:\\windows\\system32",
        "objects.db",
        "con",
        "a\nb\u{1b}[31m",
        "ä\u{202e}gpj.exe",
        "trailing ",
        long.as_str(),
    ];
    for key in keys {
        rig.put(key, format!("of {key}")).await;
    }
    for key in keys {
        assert_eq!(rig.get(key).await.unwrap(), format!("of {key}").into_bytes(), "{key:?}");
    }
    let after = tree(outer.path());
    let new: Vec<_> = after.difference(&before).collect();
    assert_eq!(new.len(), keys.len());
    for path in new {
        let name = path.strip_prefix("data/objects").unwrap().to_str().unwrap();
        assert!(name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path:?}");
    }
    assert_eq!(std::fs::read(outer.path().join("victim")).unwrap(), b"safe");
    for key in keys {
        rig.objects.delete(BUCKET, key).await.unwrap();
    }
    assert_eq!(tree(outer.path()), before);
}

#[tokio::test]
async fn impossible_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for key in ["a\0b".to_owned(), "k".repeat(1025)] {
        let put = rig.client().put_object().bucket(BUCKET).key(&key).body(ByteStream::from_static(b"x"));
        assert_eq!(put.send().await.unwrap_err().raw_response().unwrap().status().as_u16(), 400);
        let create = rig.client().create_multipart_upload().bucket(BUCKET).key(&key);
        assert_eq!(create.send().await.unwrap_err().raw_response().unwrap().status().as_u16(), 400);
    }
}

#[tokio::test]
async fn what_nobody_knows_is_swept_and_links_are_not_followed() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    let rig = Rig::start(&folder).await;
    rig.put("k", "kept").await;
    rig.stop().await;
    let victim = outer.path().join("victim");
    std::fs::write(&victim, "safe").unwrap();
    std::fs::write(folder.join("objects/0123456789abcdef0123456789abcdef"), "left by a crash").unwrap();
    std::os::unix::fs::symlink(&victim, folder.join("objects/link")).unwrap();
    std::fs::create_dir(folder.join("objects/folder")).unwrap();

    let rig = Rig::start(&folder).await;
    let left: Vec<_> = std::fs::read_dir(folder.join("objects")).unwrap().collect();
    assert_eq!(left.len(), 2, "the object's file and the folder that is none of ours");
    assert_eq!(std::fs::read(&victim).unwrap(), b"safe");
    assert_eq!(rig.get("k").await.unwrap(), b"kept");
    assert_eq!(rig.store.sweep().await.unwrap(), 0);
}
