//! Whose keys sign requests, and what each may: the server's own may everything, and never leave it but inside signatures;
//! a user's may put files into that user's inbox, and look at what lies there.

use std::sync::Arc;

use activities::ports::{Flags, Sessions};
use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};
use service::audit::Trail;
use service::forwarded::TrustedProxies;
use service::people::Refused;
use service::quota;

use super::{Keys, UPLOADS};
use crate::people::{S3Secrets, Store};

/// Users' keys, where there are users.
#[derive(Clone)]
pub struct Inboxes {
    pub people: Store,
    pub secrets: S3Secrets,
    /// What users have, and how much they may.
    pub sessions: Arc<dyn Sessions>,
    pub flags: Arc<dyn Flags>,
    /// Whose word for where a request comes from is believed.
    pub trusted_proxies: TrustedProxies,
}

#[derive(Clone)]
pub(super) struct Keyring {
    pub(super) root: Keys,
    pub(super) inboxes: Option<Inboxes>,
}

/// What a user's key may do to an object of the inbox. Taking away is the API's business: a session may need it.
const ON_OBJECTS: [&str; 8] = [
    "PutObject",
    "GetObject",
    "HeadObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "ListParts",
];

impl Keyring {
    /// Whether this user may have one session more. A part counts by itself: what was sent before it is no session yet.
    async fn has_room(&self, user: &str, headers: &HeaderMap) -> S3Result<()> {
        let Some(inboxes) = &self.inboxes else { return Ok(()) };
        let allowance = inboxes.flags.now().flags.allowance(user);
        if !quota::is_limited(allowance) {
            return Ok(());
        }
        let unavailable = |_| S3Error::new(S3ErrorCode::ServiceUnavailable);
        let usage = inboxes.sessions.usage(user).await.map_err(unavailable)?.unwrap_or_default();
        let exceeded = |_| {
            S3Error::with_message(
                S3ErrorCode::AccessDenied,
                "there is more than may be; delete some sessions",
            )
        };
        quota::check(allowance, usage, length(headers)).map_err(exceeded)
    }

    /// Whose inbox the key is good for; no key of ours is good for nobody's.
    async fn user(&self, access_key: &str) -> S3Result<Option<String>> {
        let Some(inboxes) = &self.inboxes else { return Ok(None) };
        inboxes.people.inbox_of(access_key).await.map_err(|refused| match refused {
            Refused::Fault(_) => S3Error::new(S3ErrorCode::ServiceUnavailable),
            _ => S3Error::new(S3ErrorCode::InvalidAccessKeyId),
        })
    }
}

#[async_trait::async_trait]
impl S3Auth for Keyring {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.root.access {
            return Ok(SecretKey::from(self.root.secret.as_str()));
        }
        match (&self.inboxes, self.user(access_key).await?) {
            (Some(inboxes), Some(_)) => Ok(SecretKey::from(inboxes.secrets.of(access_key).0)),
            _ => Err(S3Error::new(S3ErrorCode::InvalidAccessKeyId)),
        }
    }
}

#[async_trait::async_trait]
impl S3Access for Keyring {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let denied = || S3Error::with_message(S3ErrorCode::AccessDenied, "this key is not good for that");
        let credentials = cx.credentials().ok_or_else(denied)?;
        if credentials.access_key == self.root.access {
            return Ok(());
        }
        let user = self.user(&credentials.access_key).await?.ok_or_else(denied)?;
        if let Some(trail) = cx.extensions_mut().get::<Trail>() {
            trail.note(|known| known.who.clone_from(&user));
        }
        let query = cx.uri().query().unwrap_or_default();
        if !is_within(&user, cx.s3_op().name(), cx.s3_path(), query) {
            return Err(denied());
        }
        match cx.s3_op().name() {
            "PutObject" | "CreateMultipartUpload" | "UploadPart" => self.has_room(&user, cx.headers()).await,
            _ => Ok(()),
        }
    }
}

/// How many bytes a request sends, by whichever of its headers says so; a body in chunks is longer than what it holds.
fn length(headers: &HeaderMap) -> u64 {
    let said = |name: &str| headers.get(name)?.to_str().ok()?.parse().ok();
    said("x-amz-decoded-content-length").or_else(|| said("content-length")).unwrap_or(0)
}

/// Whether an operation stays within this user's inbox.
fn is_within(user: &str, operation: &str, path: &S3Path, query: &str) -> bool {
    let inbox = format!("{}{user}/", activities::moves::inbox::PREFIX);
    match path {
        S3Path::Object { bucket, key } => {
            **bucket == *UPLOADS && ON_OBJECTS.contains(&operation) && key.starts_with(&inbox)
        }
        S3Path::Bucket { bucket } if **bucket == *UPLOADS && operation == "ListObjectsV2" => {
            let mut prefixes =
                url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "prefix");
            let prefix = prefixes.next().filter(|_| prefixes.next().is_none());
            prefix.is_some_and(|(_, prefix)| prefix.starts_with(&inbox))
        }
        S3Path::Bucket { bucket } => **bucket == *UPLOADS && operation == "HeadBucket",
        S3Path::Root => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(bucket: &str, key: &str) -> S3Path {
        S3Path::Object { bucket: bucket.into(), key: key.into() }
    }

    #[test]
    fn a_users_key_stays_in_the_users_inbox() {
        for operation in ON_OBJECTS {
            assert!(is_within("ada", operation, &object("uploads", "inbox/ada/a.wav"), ""), "{operation}");
            for (bucket, key) in [
                ("uploads", "inbox/bob/a.wav"),
                ("uploads", "inbox/adam/a.wav"),
                ("uploads", "inbox/ada"),
                ("uploads", "Inbox/ada/a.wav"),
                ("uploads", "/inbox/ada/a.wav"),
                ("uploads", "0b9d/source"),
                ("results", "inbox/ada/a.wav"),
                ("other", "inbox/ada/a.wav"),
            ] {
                assert!(!is_within("ada", operation, &object(bucket, key), ""), "{operation} {bucket} {key}");
            }
        }
        for operation in
            ["DeleteObject", "CopyObject", "UploadPartCopy", "PutObjectAcl", "SelectObjectContent"]
        {
            assert!(!is_within("ada", operation, &object("uploads", "inbox/ada/a.wav"), ""), "{operation}");
        }
    }

    #[test]
    fn it_lists_what_is_there_and_nothing_beside() {
        let uploads = S3Path::Bucket { bucket: "uploads".into() };
        let list = |query: &str| is_within("ada", "ListObjectsV2", &uploads, query);
        assert!(list("list-type=2&prefix=inbox%2Fada%2F") && list("prefix=inbox/ada/a"));
        for query in ["", "list-type=2", "prefix=", "prefix=inbox/", "prefix=inbox/ad", "prefix=inbox/ada"] {
            assert!(!list(query), "{query}");
        }
        assert!(!list("prefix=inbox/ada/&prefix="), "which of two counts, nobody shall have to know");
        assert!(!is_within("ada", "DeleteObjects", &uploads, "delete&prefix=inbox/ada/"));
        assert!(!is_within("ada", "ListMultipartUploads", &uploads, "prefix=inbox/ada/"));
        assert!(!is_within("ada", "ListBuckets", &S3Path::Root, ""));
    }
}
