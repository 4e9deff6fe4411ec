//! The S3 endpoint on a port of its own, with the real client in front of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use activities::objects::{Objects, Upload};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use local::s3::{Keys, S3Config, S3Store};
use service::serve::Limits;
use tests::stranger;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const BUCKET: &str = "uploads";
pub(crate) const PAGE: &str = "http://127.0.0.1:8080";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Long enough for a busy machine; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    pub(crate) store: S3Store,
    pub(crate) objects: Objects,
    pub(crate) address: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// The store's own key pair.
pub(crate) fn keys() -> Keys {
    Keys { access: "lockgate".to_owned(), secret: "a secret for tests".to_owned() }
}

impl Rig {
    /// A store in `folder`, served.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::with(folder, Limits::default()).await
    }

    pub(crate) async fn with(folder: &Path, limits: Limits) -> Self {
        Self::open(folder, limits).await.unwrap()
    }

    /// `None` when the folder is too damaged for a store.
    pub(crate) async fn try_start(folder: &Path) -> Option<Self> {
        Self::open(folder, Limits::default()).await.ok()
    }

    async fn open(folder: &Path, limits: Limits) -> Result<Self, local::s3::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let keys = keys();
        let config = S3Config {
            data_dir: folder.to_owned(),
            keys: keys.clone(),
            inboxes: None,
            allowed_hosts: vec![address.clone()],
            cors_origins: vec![PAGE.to_owned()],
            over_https: false,
            limits,
        };
        let store = S3Store::open(&config).await?;
        let url = format!("http://{address}");
        let objects = stranger::objects(&url, &keys.access, &keys.secret);
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let (store, stop) = (store.clone(), stop.clone());
            async move { store.serve(listener, stop.cancelled_owned()).await }
        });
        Ok(Self { store, objects, address, stop, serving })
    }

    /// Lets nobody new in.
    pub(crate) fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Drains, and lets go of the folder.
    pub(crate) async fn stop(self) {
        self.begin_stop();
        self.serving.await.unwrap();
    }

    pub(crate) fn client(&self) -> &Client {
        self.objects.client()
    }

    /// Stores an object and answers its ETag.
    pub(crate) async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(bytes.into());
        let put = self.client().put_object().bucket(BUCKET).key(key).body(body);
        put.send().await.unwrap().e_tag.unwrap().trim_matches('"').to_owned()
    }

    pub(crate) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.client().get_object().bucket(BUCKET).key(key).send().await {
            Ok(answer) => Some(answer.body.collect().await.unwrap().to_vec()),
            Err(error) => {
                let status = error.raw_response().map(|answer| answer.status().as_u16());
                assert_eq!(status, Some(404), "{error:?}");
                None
            }
        }
    }
}

/// Sends what a browser would send.
pub(crate) async fn send(upload: &Upload, body: impl Into<reqwest::Body>) -> (u16, String) {
    let mut request = reqwest::Client::new().request(upload.method.parse().unwrap(), &upload.url);
    for (name, value) in &upload.headers {
        request = request.header(name, value);
    }
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Waits until the files of a store are as they should be; they come and go behind the answers.
pub(crate) async fn until_files(folder: &Path, are: impl Fn(&BTreeSet<PathBuf>) -> bool, what: &str) {
    let waiting = async {
        while !are(&files(folder)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_late| panic!("{what}"));
}

/// The files of the store, by name.
pub(crate) fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder.join("objects")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Everything in the folder and beside it, as relative paths.
pub(crate) fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            found.insert(entry.path().strip_prefix(folder).unwrap().to_owned());
            if entry.file_type().unwrap().is_dir() {
                ahead.push(entry.path());
            }
        }
    }
    found
}

/// Bytes that differ everywhere and compress badly.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        })
        .collect()
}
