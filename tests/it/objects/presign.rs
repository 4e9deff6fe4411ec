//! A presigned upload takes exactly what was declared, once. Everything else is refused and stores nothing, and after a
//! bad try a good one still works.

use std::time::{Duration, SystemTime};

use activities::objects::Upload;
use activities::objects::presign::content_disposition;
use aws_sdk_s3::presigning::PresigningConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use sha2::{Digest, Sha256};

use super::rig::{BUCKET, MINUTE, Rig, files, send};

const BODY: &[u8] = b"hello world";
const KEY: &str = "inbox/a song.mp3";

async fn presign(rig: &Rig, key: &str) -> Upload {
    let digest = Sha256::digest(BODY).into();
    let size = BODY.len() as u64;
    rig.objects.presign_put(BUCKET, key, size, "audio/mpeg", Some(digest), MINUTE).await.unwrap()
}

fn with_header(mut upload: Upload, name: &str, value: Option<&str>) -> Upload {
    upload.headers.retain(|(standing, _)| standing != name);
    upload.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    upload
}

/// The URL with one query parameter changed in its last character.
fn tampered(upload: &Upload, name: &str) -> Upload {
    let mut url = url::Url::parse(&upload.url).unwrap();
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, value)| {
            let mut value = value.into_owned();
            if key == name {
                let last = value.pop().unwrap();
                value.push(if last == '0' { '1' } else { '0' });
            }
            (key.into_owned(), value)
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    assert_ne!(url.as_str(), upload.url);
    Upload { url: url.into(), ..upload.clone() }
}

#[tokio::test]
async fn exactly_the_declared_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let upload = presign(&rig, KEY).await;
    let url = url::Url::parse(&upload.url).unwrap();
    let signed = url.query_pairs().find(|(name, _)| name == "X-Amz-SignedHeaders").unwrap().1.into_owned();
    assert_eq!(
        signed,
        "content-length;content-type;host;if-none-match;x-amz-checksum-sha256;x-amz-sdk-checksum-algorithm"
    );
    let mut names: Vec<_> = upload.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["content-type", "if-none-match", "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm"]
    );
    let bare = rig.objects.presign_put(BUCKET, KEY, 1, "audio/mpeg", None, MINUTE).await.unwrap();
    assert!(bare.url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match&"));
}

#[tokio::test]
async fn a_bad_upload_stores_nothing_and_a_good_one_after_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let good = presign(&rig, KEY).await;
    let other_digest = STANDARD.encode(Sha256::digest(b"hello w0rld"));
    let mut bad: Vec<(String, Upload, &[u8], &[u16])> = vec![
        ("another type".into(), with_header(good.clone(), "content-type", Some("text/html")), BODY, &[403]),
        ("longer".into(), good.clone(), b"hello world!", &[403]),
        ("shorter".into(), good.clone(), b"hello", &[403]),
        ("empty".into(), good.clone(), b"", &[403]),
        ("other bytes".into(), good.clone(), b"hello w0rld", &[400]),
        (
            "another digest".into(),
            with_header(good.clone(), "x-amz-checksum-sha256", Some(&other_digest)),
            b"hello w0rld",
            &[403],
        ),
        ("another method".into(), Upload { method: "POST".into(), ..good.clone() }, BODY, &[403, 501]),
        (
            "another key".into(),
            Upload { url: good.url.replace("song.mp3", "gong.mp3"), ..good.clone() },
            BODY,
            &[403],
        ),
        (
            "another bucket".into(),
            Upload { url: good.url.replace("/uploads/", "/results/"), ..good.clone() },
            BODY,
            &[403],
        ),
        ("an unsigned header".into(), with_header(good.clone(), "x-amz-meta-a", Some("b")), BODY, &[403]),
        (
            "an unsigned copy".into(),
            with_header(good.clone(), "x-amz-copy-source", Some("/uploads/x")),
            BODY,
            &[403],
        ),
    ];
    for (name, _) in &good.headers {
        bad.push((format!("{name} dropped"), with_header(good.clone(), name, None), BODY, &[403]));
    }
    for (name, _) in url::Url::parse(&good.url).unwrap().query_pairs() {
        bad.push((format!("{name} tampered"), tampered(&good, &name), BODY, &[400, 403, 501]));
    }
    assert!(bad.len() > 20, "the table has {} rows", bad.len());
    for (what, upload, body, statuses) in bad {
        let (status, text) = send(&upload, body).await;
        assert!(statuses.contains(&status), "{what}: {status} {text}");
        assert_eq!(rig.objects.head(BUCKET, KEY).await.unwrap(), None, "{what}");
        assert!(files(folder.path()).is_empty(), "{what} left a file");
    }
    assert!(send(&good, "hello w0rld").await.1.contains("BadDigest"));
    let (status, text) = send(&good, BODY).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(send(&good, BODY).await.0, 412, "replayed");
    assert_eq!(rig.get(KEY).await.unwrap(), BODY);
    assert_eq!(files(folder.path()).len(), 1);
    let head = rig.objects.head(BUCKET, KEY).await.unwrap().unwrap();
    assert_eq!(head.sha256.unwrap()[..], Sha256::digest(BODY)[..]);
    assert_eq!(head.content_type.as_deref(), Some("audio/mpeg"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let upload = presign(&rig, KEY).await;
    let stream = futures::stream::iter([Ok::<_, std::io::Error>(BODY)]);
    assert_eq!(send(&upload, reqwest::Body::wrap_stream(stream)).await.0, 403);
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn an_expired_or_overlong_url_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for (ago, status) in [(Duration::from_secs(61), 403), (Duration::from_secs(30), 200)] {
        let config = PresigningConfig::builder()
            .start_time(SystemTime::now() - ago)
            .expires_in(MINUTE)
            .build()
            .unwrap();
        let put = rig.client().put_object().bucket(BUCKET).key(KEY).content_length(1).if_none_match("*");
        let request = put.presigned(config).await.unwrap();
        let upload = Upload {
            method: request.method().to_owned(),
            url: request.uri().to_owned(),
            headers: vec![("if-none-match".to_owned(), "*".to_owned())],
        };
        assert_eq!(send(&upload, "x").await.0, status, "{ago:?} old");
    }
    let a_day = Duration::from_secs(24 * 60 * 60);
    let capped = rig.objects.presign_put(BUCKET, "k", 1, "a/b", None, a_day).await.unwrap();
    assert!(capped.url.contains("X-Amz-Expires=900&"), "{}", capped.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_racing_uploads_exactly_one_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    for round in 0..3 {
        let upload = presign(&rig, &format!("raced-{round}")).await;
        let statuses = join_all((0..50).map(|_| send(&upload, BODY))).await;
        let count = |wanted| statuses.iter().filter(|(status, _)| *status == wanted).count();
        assert_eq!((count(200), count(412)), (1, 49), "{statuses:?}");
        assert_eq!(files(folder.path()).len(), round + 1);
    }
}

#[tokio::test]
async fn a_download_is_saved_under_its_name_with_our_type() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(folder.path()).await;
    let put = rig.client().put_object().bucket(BUCKET).key("page").content_type("text/html");
    put.body(b"<script>alert(1)</script>".to_vec().into()).send().await.unwrap();
    let url =
        rig.objects.presign_get(BUCKET, "page", "ä \"x\"\r\n.flac", "audio/flac", MINUTE).await.unwrap();
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap();
    assert_eq!(header("content-type"), "audio/flac");
    assert_eq!(answer.headers().get_all("content-disposition").iter().count(), 1);
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"_ _x___.flac\"; filename*=UTF-8''%C3%A4%20%22x%22__.flac"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("sandbox"));
    for name in ["response-content-type", "response-content-disposition", "X-Amz-Expires", "X-Amz-Signature"]
    {
        let upload = Upload { method: "GET".into(), url: url.clone(), headers: Vec::new() };
        let status = send(&tampered(&upload, name), "").await.0;
        assert!([400, 403].contains(&status), "{name}: {status}");
    }
    let plain = rig.client().get_object().bucket(BUCKET).key("page").send().await.unwrap();
    assert_eq!(plain.content_disposition.as_deref(), Some("attachment"));
}

/// A reader of the header as RFC 6266 describes it: the plain name and the extended one.
fn parse_disposition(header: &str) -> Option<(String, String)> {
    let rest = header.strip_prefix("attachment; filename=\"")?;
    let (plain, extended) = rest.split_once("\"; filename*=UTF-8''")?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(&byte);
    if plain.contains(['"', '\\']) || !extended.bytes().all(token) {
        return None;
    }
    let mut bytes = Vec::new();
    let mut ahead = extended.bytes();
    while let Some(byte) = ahead.next() {
        let hex = [byte, ahead.clone().next().unwrap_or(0), ahead.clone().nth(1).unwrap_or(0)];
        if byte == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex[1..]).ok()?, 16).ok()?);
            ahead.nth(1);
        } else {
            bytes.push(byte);
        }
    }
    Some((plain.to_owned(), String::from_utf8(bytes).ok()?))
}

proptest::proptest! {
    #[test]
    fn any_file_name_makes_one_harmless_header(name in "\\PC*|(?s:.{0,300})") {
        let header = content_disposition(&name);
        let value = reqwest::header::HeaderValue::from_str(&header).unwrap();
        assert!(value.to_str().is_ok(), "{header:?} is not ASCII");
        let (plain, extended) = parse_disposition(&header).unwrap_or_else(|| panic!("{header:?}"));
        assert_eq!(plain.chars().count(), extended.chars().count());
        assert!(!extended.is_empty() && extended.chars().count() <= 200);
        assert!(!extended.contains(['/', '\\', ':', '\u{202e}', '\u{2028}']), "{extended:?}");
        assert!(!extended.chars().any(char::is_control) && !extended.starts_with('.'), "{extended:?}");
    }
}
