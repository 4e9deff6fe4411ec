//! What the adapters of the suites stand on.

use std::collections::BTreeSet;
use std::sync::Arc;

use activities::notices::Topic;
use activities::ports::{Flags, Mailer};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws::connection::Connection;
use aws::driver::StepFunctions;
use aws::environment::Mail;
use aws::flags::ParameterFlags;
use aws::mailer::SesMailer;
use aws::notices::DynamoNotifier;
use aws::sessions::DynamoSessions;
use local::driver::EngineDriver;
use local::flags::{self, FileFlags};
use local::notices::{Letterbox, SmtpMailer, SqliteNotifier};
use local::sessions::SqliteSessions;
use serde_json::{Value, json};
use states::Activity;
use tempfile::TempDir;
use tests::engine_server::EngineServer;
use tests::post_office::PostOffice;
use tests::rig::cognito::Pool;
use tests::rig::{self, Rig, ses};
use workflow::driver::{Config, Engine, Ticks};
use workflow::journal::SqliteJournal;
use workflow::tasks::{TaskCall, TaskError, Tasks};

/// The functions of the product's own document, as an execution's input says.
struct AsTold;

#[async_trait]
impl Tasks for AsTold {
    async fn run(&self, call: TaskCall) -> Result<String, TaskError> {
        let input: Value = serde_json::from_str(&call.input).unwrap();
        match (call.resource.arn().rsplit('-').next(), input["do"].as_str()) {
            (Some("begin"), Some("wait")) => std::future::pending().await,
            (Some("begin"), Some("work")) => Ok(json!({ "superseded": false }).to_string()),
            (Some("begin"), Some("fail")) => {
                Err(TaskError { error: "MediaCorrupt".to_owned(), cause: "It is cut off.".to_owned() })
            }
            _ => Ok(json!({ "superseded": true }).to_string()),
        }
    }
}

pub(super) async fn engine() -> Result<(TempDir, EngineDriver)> {
    let folder = tempfile::tempdir()?;
    let journal = SqliteJournal::open(&folder.path().join("journal.db"))?;
    let engine = Engine::open(journal, Arc::new(AsTold), Ticks::system(), Config::default()).await?;
    Ok((folder, EngineDriver::open(engine).await?))
}

/// A machine that needs no functions, and has an activity done by workers.
fn document(activity: &str) -> String {
    let when = |what: &str, next: &str| json!({ "Variable": "$.do", "StringEquals": what, "Next": next });
    let document = json!({ "StartAt": "Which", "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [when("wait", "Wait"), when("fail", "Fail"), when("work", "Work")],
            "Default": "Done"
        },
        "Work": { "Type": "Task", "Resource": activity, "HeartbeatSeconds": 60, "Next": "Done" },
        "Wait": { "Type": "Wait", "Seconds": 3600, "Next": "Done" },
        "Fail": { "Type": "Fail", "Error": "MediaCorrupt", "Cause": "It is cut off." },
        "Done": { "Type": "Succeed" },
    }});
    document.to_string()
}

async fn step_functions(url: &str) -> Result<StepFunctions> {
    let client = Connection::new(&rig::account(&[("SFN", url)]))?.step_functions();
    let name = rig::unique("session");
    let video = client.create_activity().name(format!("{name}-{}", Activity::Video)).send().await?;
    let create = client.create_state_machine().name(name).definition(document(&video.activity_arn));
    let created = create.role_arn("arn:aws:iam::000000000000:role/session").send().await?;
    Ok(StepFunctions::new(client, &created.state_machine_arn))
}

/// The adapter of Step Functions before our own engine's endpoint.
pub(super) async fn engine_by_its_api() -> Result<((TempDir, EngineServer), StepFunctions)> {
    let folder = tempfile::tempdir()?;
    let server = EngineServer::start(folder.path(), &[])?;
    let driver = step_functions(&server.url).await?;
    Ok(((folder, server), driver))
}

pub(super) async fn localstack() -> Result<((), StepFunctions)> {
    Ok(((), step_functions(&Rig::running()?.localstack).await?))
}

/// An empty database.
pub(super) async fn sqlite() -> Result<(TempDir, SqliteSessions)> {
    let folder = tempfile::tempdir()?;
    let store = SqliteSessions::open(&folder.path().join("sessions.db"), service::Changes::default())?;
    Ok((folder, store))
}

/// An empty table of its own.
pub(super) async fn dynamodb() -> Result<((), DynamoSessions)> {
    let client = Connection::new(&Rig::running()?.account())?.dynamodb();
    let table = rig::unique("sessions");
    rig::table::create(&client, &table).await.context("the table is made")?;
    Ok(((), DynamoSessions::new(client, &table)))
}

/// Endpoints and deliveries in an empty database.
pub(super) async fn notices_in_sqlite() -> Result<(TempDir, SqliteNotifier)> {
    let folder = tempfile::tempdir()?;
    let store = SqliteNotifier::open(&folder.path().join("notices.db"))?;
    Ok((folder, store))
}

/// Endpoints and deliveries in an empty table of its own.
pub(super) async fn notices_in_dynamodb() -> Result<((), DynamoNotifier)> {
    let client = Connection::new(&Rig::running()?.account())?.dynamodb();
    let table = rig::unique("notices");
    rig::table::create(&client, &table).await.context("the table is made")?;
    Ok(((), DynamoNotifier::new(client, &table, None)))
}

/// Flags, and where they stand.
pub(super) enum Flagpole {
    File { folder: TempDir, flags: FileFlags },
    Parameter { stage: String, flags: ParameterFlags },
}

impl Flagpole {
    pub(super) fn flags(&self) -> &dyn Flags {
        match self {
            Self::File { flags, .. } => flags,
            Self::Parameter { flags, .. } => flags,
        }
    }

    /// What a function does before an event. A file is looked at whenever it is asked for.
    pub(super) async fn look(&self) {
        if let Self::Parameter { flags, .. } = self {
            flags.look().await;
        }
    }

    /// The same, as another process finds them.
    pub(super) async fn elsewhere(&self) -> Result<Self> {
        match self {
            Self::File { folder, .. } => {
                let copied = tempfile::tempdir()?;
                std::fs::copy(folder.path().join(flags::NAME), copied.path().join(flags::NAME))?;
                Ok(file_in(copied))
            }
            Self::Parameter { stage, .. } => parameter_of(stage.clone()).await,
        }
    }

    /// Somebody writes this there, by an editor or a command.
    pub(super) async fn write(&self, text: &str) -> Result<()> {
        match self {
            Self::File { folder, .. } => std::fs::write(folder.path().join(flags::NAME), text)?,
            Self::Parameter { stage, .. } => {
                let parameters = Connection::new(&Rig::running()?.account())?.parameters();
                let put = parameters.put_parameter().name(format!("/lockgate/{stage}/flags"));
                put.value(text).overwrite(true).send().await?;
            }
        }
        Ok(())
    }
}

fn file_in(folder: TempDir) -> Flagpole {
    Flagpole::File { flags: FileFlags::open(folder.path()), folder }
}

async fn parameter_of(stage: String) -> Result<Flagpole> {
    let parameters = Connection::new(&Rig::running()?.account())?.parameters();
    let pole = Flagpole::Parameter { flags: ParameterFlags::new(parameters, &stage), stage };
    pole.look().await;
    Ok(pole)
}

pub(super) async fn file_of_flags() -> Result<((), Flagpole)> {
    Ok(((), file_in(tempfile::tempdir()?)))
}

/// Of a stage that nobody else has.
pub(super) async fn parameter_of_flags() -> Result<((), Flagpole)> {
    Ok(((), parameter_of(rig::unique("stage")).await?))
}

/// Somebody who is written to, and where their letters arrive. What has ended well is not told.
pub(super) struct Office {
    pub mailer: Arc<dyn Mailer>,
    pub owner: String,
    pub address: String,
    arrived: Arrived,
}

enum Arrived {
    Smtp(PostOffice),
    Ses(Rig),
}

impl Office {
    pub(super) async fn letters(&self) -> Result<Vec<String>> {
        match &self.arrived {
            Arrived::Smtp(office) => Ok(office.letters()),
            Arrived::Ses(rig) => {
                let letters = ses::letters_to(rig, &self.address).await?;
                let shown = |letter: &Value| {
                    format!("{}\n{}", letter["subject"], letter["body"].as_str().unwrap_or_default())
                };
                Ok(letters.iter().map(shown).collect())
            }
        }
    }

    /// One that takes no letter: the mail server says so, or SES knows nothing of the sender.
    pub(super) fn refusing(&self) -> Arc<dyn Mailer> {
        match &self.arrived {
            Arrived::Smtp(office) => {
                office.refuse("550 nobody here");
                self.mailer.clone()
            }
            Arrived::Ses(rig) => {
                let nobody = format!("{}@example.org", rig::unique("nobody"));
                Arc::new(mailer(rig, nobody).expect("the rig has keys"))
            }
        }
    }
}

fn topics() -> BTreeSet<Topic> {
    BTreeSet::from([Topic::SessionFailed, Topic::EndpointDisabled])
}

pub(super) async fn smtp() -> Result<((), Office)> {
    let office = PostOffice::open().await?;
    let letterbox = Letterbox {
        server: office.url.clone(),
        from: ses::SENDER.parse()?,
        to: Some("ada@example.org".parse()?),
        topics: topics(),
    };
    let office = Office {
        mailer: Arc::new(SmtpMailer::new(letterbox, None)?),
        owner: service::LOCAL.to_owned(),
        address: "ada@example.org".to_owned(),
        arrived: Arrived::Smtp(office),
    };
    Ok(((), office))
}

fn mailer(rig: &Rig, from: String) -> Result<SesMailer> {
    let connection = Connection::new(&rig.account())?;
    let mail = Mail { from, topics: topics(), people: rig.people.clone() };
    Ok(SesMailer::new(connection.letters(), connection.people(), mail))
}

pub(super) async fn ses() -> Result<((), Office)> {
    let rig = Rig::running()?;
    ses::verify(&rig, "lockgate@example.org").await?;
    let name = rig::unique("ada");
    let owner = Pool::shared(&rig).await?.sign_in(&name).await?.subject()?;
    let mailer = Arc::new(mailer(&rig, ses::SENDER.to_owned())?);
    Ok(((), Office { mailer, owner, address: Pool::address(&name), arrived: Arrived::Ses(rig) }))
}
