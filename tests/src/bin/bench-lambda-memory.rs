//! How much memory the `flac` function takes for two gigabytes of sound: the artefact in a sandbox, streaming from store to
//! store, its records in a stand-in for DynamoDB. Parent and child are counted together, with the pages that they share
//! twice, so that what is told is more than what is taken. `bench-lambda-memory ARTEFACT [BYTES]`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use activities::making::step::{Pinned, Step};
use activities::objects::Objects;
use activities::ports::{Guard, Sessions, Written};
use activities::{Ctx, Mover, advance};
use anyhow::{Context, Result, ensure};
use aws::connection::Connection;
use aws::sessions::DynamoSessions;
use bytes::Bytes;
use local::s3::{Keys, RESULTS, S3Config, S3Store, UPLOADS};
use serde_json::Value;
use service::serve::Limits;
use states::session::{Change, Deadlines, Draft, Source};
use states::{Recipe, Session, Timestamp, limits};
use tests::desk;
use tests::rig::functions::{Deployed, Memory, Outcome, measure};
use tests::rig::{account, moto, table};
use tests::sound::wav;
use tokio::net::TcpListener;

/// As much as is to be streamed, unless said.
const BYTES: u32 = 2 << 30;

/// No more is to be taken for it.
const BAR: u64 = 128 << 20;

const MIB: f64 = (1 << 20) as f64;
const ID: &str = "bench";
const TABLE: &str = "sessions";
const FILE_NAME: &str = "concert.wav";
const CONTENT_TYPE: &str = "audio/wav";

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().context("the artefact is to be said")?);
    let bytes = arguments.next().map_or(Ok(BYTES), |bytes| bytes.parse())?;
    let folder = tempfile::tempdir()?;
    let s3 = store(folder.path()).await?;
    let moto = moto::start(&target()?, folder.path()).await?;
    let connection = Connection::new(&account(&[("DYNAMODB", &moto.url), ("S3", &s3)]))?;
    let source = upload(&connection.objects(), bytes).await?;
    let step = begun(&connection, source).await?;

    let event = Bytes::from(serde_json::to_vec(&step)?);
    let function = flac(&[("AWS_ENDPOINT_URL_DYNAMODB", &moto.url), ("AWS_ENDPOINT_URL_S3", &s3)]);
    let began = Instant::now();
    let (outcome, Memory { together, each }) = measure(&program, function, event, folder.path()).await?;
    let took = began.elapsed();
    let Outcome::Answered(answer) = outcome else { anyhow::bail!("it failed: {outcome:?}") };
    let answer: Value = serde_json::from_slice(&answer)?;
    let made = answer["outputs"][0]["bytes"].as_u64().with_context(|| answer.to_string())?;
    let each: Vec<_> = each.iter().map(|peak| format!("{:.1}", *peak as f64 / MIB)).collect();
    println!(
        "{bytes} bytes of WAV became {made} of FLAC in {took:.1?} on {} processors",
        std::thread::available_parallelism()?
    );
    println!(
        "{:.1} MiB at most, together; each process at its peak: {} MiB; {} are allowed",
        together as f64 / MIB,
        each.join(", "),
        BAR >> 20
    );
    ensure!(together <= BAR, "it takes too much");
    Ok(())
}

/// An object store that serves until this process ends.
async fn store(folder: &Path) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = S3Config {
        data_dir: folder.join("store"),
        keys: Keys { access: "test".to_owned(), secret: "test".to_owned() },
        inboxes: None,
        allowed_hosts: vec![address.to_string()],
        cors_origins: Vec::new(),
        over_https: false,
        limits: Limits::default(),
    };
    let store = S3Store::open(&config).await?;
    tokio::spawn(async move { store.serve(listener, std::future::pending::<()>()).await });
    Ok(format!("http://{address}"))
}

/// Streams so much sound into the store: a minute of it, over and over, called stereo and of 96 kHz, or it would be of more
/// hours than are taken.
async fn upload(objects: &Objects, bytes: u32) -> Result<Source> {
    const SAMPLES: u32 = 44_100 * 60;
    const RATE: u32 = 96_000;
    let mut some = wav(SAMPLES, 1);
    let mut head = some.drain(..44).collect::<Vec<_>>();
    head[4..8].copy_from_slice(&(bytes - 8).to_le_bytes());
    head[22..24].copy_from_slice(&2u16.to_le_bytes());
    head[24..28].copy_from_slice(&RATE.to_le_bytes());
    head[28..32].copy_from_slice(&(4 * RATE).to_le_bytes());
    head[32..34].copy_from_slice(&4u16.to_le_bytes());
    head[40..44].copy_from_slice(&(bytes - 44).to_le_bytes());
    let some = Bytes::from(some);
    let key = format!("{ID}/x");
    let mut sink = objects.create(UPLOADS, &key, CONTENT_TYPE);
    sink.write(head.into()).await?;
    let mut left = bytes as usize - 44;
    while left > 0 {
        let part = some.slice(..some.len().min(left));
        left -= part.len();
        sink.write(part).await?;
    }
    let written = sink.finish().await?;
    Ok(Source {
        bucket: UPLOADS.to_owned(),
        key,
        file_name: FILE_NAME.to_owned(),
        size: written.size,
        content_type: CONTENT_TYPE.to_owned(),
        sha256: None,
        etag: Some(written.etag),
    })
}

/// A session whose first attempt has begun, and what its workflow would hand to the step.
async fn begun(connection: &Connection, source: Source) -> Result<Step> {
    let client = connection.dynamodb();
    table::create(&client, TABLE).await?;
    let sessions = Arc::new(DynamoSessions::new(client, TABLE));
    let etag = source.etag.clone().context("it is uploaded")?;
    let Source { bucket, key, size, .. } = source.clone();
    let draft = Draft { source: Source { etag: None, ..source }, ..desk::draft(ID) };
    let session = Session::new(draft, Timestamp::now(), &Deadlines::default());
    ensure!(sessions.write(&session, Guard::Absent).await? == Written::Stored);
    let ctx: Ctx = desk::ctx(sessions);
    for change in [Change::UploadConfirmed { etag: etag.clone() }, Change::TranscodeStarted] {
        let mover = Mover::Outside { transition_id: activities::clock::random_id() };
        advance(&ctx, ID, &mover, &change).await?;
    }
    Ok(Step {
        session_id: ID.to_owned(),
        attempt: 1,
        recipe: Recipe::Flac,
        started_at: Timestamp::now(),
        options: serde_json::Map::new(),
        source: Pinned {
            bucket,
            key,
            etag,
            size,
            content_type: CONTENT_TYPE.to_owned(),
            file_name: FILE_NAME.to_owned(),
        },
    })
}

/// As the stack has it.
fn flac(endpoints: &[(&str, &str)]) -> Deployed {
    let told = [
        ("LOCKGATE_STAGE", "bench"),
        ("LOCKGATE_TABLE", TABLE),
        ("LOCKGATE_STATE_MACHINE", "arn:aws:states:us-east-1:000000000000:stateMachine:session"),
        ("LOCKGATE_UPLOADS", UPLOADS),
        ("LOCKGATE_RESULTS", RESULTS),
        ("LOCKGATE_PUBLIC_URL", "https://page.example.org"),
    ];
    let told = told.iter().chain(endpoints).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Deployed {
        name: "flac".to_owned(),
        handler: "flac".to_owned(),
        memory: limits::WORK_MEMORY_MIB,
        timeout: Duration::from_secs(limits::WORK_SECONDS),
        variables: told.collect::<HashMap<_, _>>(),
    }
}

/// Where the rig's stand-ins are installed.
fn target() -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    Ok(me.ancestors().nth(2).context("this program lies in a folder of the target")?.join("aws-rig"))
}
