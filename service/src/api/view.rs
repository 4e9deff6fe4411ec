//! A session as it is shown. URLs of its results are made here, at each read; they are never kept and never logged.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};
use states::session::{Holding, Output, Pace, Passage, Progress, Source, Stage, StartMode};
use states::{Event, Kind, Problem, Recipe, Session, State, Timestamp};
use utoipa::ToSchema;

use super::error::Error;
use super::results;
use super::vocabulary::{EventName, HoldingName, KindName, RecipeName, StageName, StartModeName, StateName};
use crate::Service;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionView {
    session_id: String,
    /// Whose it is.
    owner: String,
    #[schema(value_type = StateName)]
    state: State,
    #[schema(value_type = StageName)]
    stage: Stage,
    /// Counted from 1; 0 before the first.
    attempt: u32,
    /// Percent of the attempt, with one decimal; within an attempt it never falls.
    progress: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pace: Option<PaceView>,
    source: SourceView,
    #[schema(value_type = RecipeName)]
    recipe: Recipe,
    options: Map<String, Value>,
    metadata: BTreeMap<String, String>,
    #[schema(value_type = StartModeName)]
    start: StartMode,
    outputs: Vec<OutputView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<ProblemView>,
    /// What the session takes now.
    #[schema(value_type = Vec<EventName>)]
    allowed: Vec<Event>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it came into its state.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Until when the last upload URL lives.
    #[schema(value_type = String, format = DateTime)]
    upload_expires_at: Timestamp,
    /// The transitions it has made, oldest first.
    trail: Vec<PassageView>,
    /// What it held and was kept for as long as it was to be: asking for it answers 410.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<HoldingName>, required = false)]
    expired: BTreeSet<Holding>,
    /// Until when the results are kept, where they are not kept for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    results_until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
struct SourceView {
    file_name: String,
    size: u64,
    content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sha256: Option<String>,
    /// Where the file itself is fetched from, for a quarter of an hour; not there before it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Output)]
struct OutputView {
    /// What it is called when taken away.
    name: String,
    /// Where it is fetched from, for a quarter of an hour; one that is no longer kept answers 410.
    url: String,
    bytes: u64,
    sha256: String,
    content_type: String,
    /// What it is: sample rate, channels, duration, …
    media: Map<String, Value>,
    /// What reading it back has shown.
    verified: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionProblem)]
struct ProblemView {
    #[serde(rename = "type")]
    #[schema(value_type = KindName)]
    kind: Kind,
    title: &'static str,
    detail: String,
    /// Whether another attempt on the same upload can end otherwise.
    redrivable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Passage)]
struct PassageView {
    #[schema(value_type = EventName)]
    event: Event,
    #[schema(value_type = StateName)]
    to: State,
    attempt: u32,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// How far an attempt is, between two snapshots.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Progress)]
pub(crate) struct ProgressView {
    attempt: u32,
    /// Percent of the attempt, with one decimal.
    progress: f64,
    #[schema(value_type = StageName)]
    stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pace: Option<PaceView>,
}

/// How fast work on a film goes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pace)]
struct PaceView {
    /// Frames in a second.
    fps: f64,
    /// How long it is going to take from now on, in seconds, as it looks now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    eta_seconds: Option<u32>,
}

impl PaceView {
    fn of(pace: Pace) -> Self {
        Self { fps: f64::from(pace.decifps) / 10.0, eta_seconds: pace.seconds_left }
    }
}

impl SessionView {
    pub(crate) async fn of(service: &Service, session: Session) -> Result<Self, Error> {
        let mut outputs = Vec::with_capacity(session.outputs.len());
        for output in &session.outputs {
            outputs.push(OutputView::of(service, &session, output).await?);
        }
        let redrivable = session.can_be_redriven();
        let url = source_url(service, &session).await?;
        let results_until = session.expiry_of(Holding::Results, &service.deadlines().retention);
        Ok(Self {
            state: session.state,
            stage: session.progress.stage,
            attempt: session.attempt,
            progress: percent(session.progress),
            pace: session.progress.pace.map(PaceView::of),
            outputs,
            allowed: session.allowed().collect(),
            created_at: session.created_at,
            updated_at: session.since(),
            upload_expires_at: session.upload_expires_at,
            trail: session.trail.iter().map(PassageView::of).collect(),
            results_until: results_until.filter(|_| !session.outputs.is_empty()),
            expired: session.expired,
            session_id: session.id,
            owner: session.owner,
            source: SourceView {
                file_name: session.source.file_name,
                size: session.source.size,
                content_type: session.source.content_type,
                sha256: session.source.sha256,
                url,
            },
            recipe: session.recipe,
            options: session.options,
            metadata: session.metadata,
            start: session.start,
            problem: session.problem.map(|problem| ProblemView::of(problem, redrivable)),
        })
    }
}

/// A URL of the uploaded file, once it was confirmed: it stays for as long as the session does.
async fn source_url(service: &Service, session: &Session) -> Result<Option<String>, Error> {
    let Source { bucket, key, file_name, content_type, etag, .. } = &session.source;
    if etag.is_none() || session.expired.contains(&Holding::Input) {
        return Ok(None);
    }
    let lifetime = service.config.download_url_lifetime();
    Ok(Some(service.ctx.objects.presign_get(bucket, key, file_name, content_type, lifetime).await?))
}

impl OutputView {
    async fn of(service: &Service, session: &Session, output: &Output) -> Result<Self, Error> {
        let url = match session.expired.contains(&Holding::Results) {
            true => results::address(&service.config.public_url, &session.id, &output.name),
            false => results::url(service, output).await?,
        };
        Ok(Self {
            name: output.name.clone(),
            url,
            bytes: output.bytes,
            sha256: output.sha256.clone(),
            content_type: output.content_type.clone(),
            media: output.media.clone(),
            verified: output.verified.clone(),
        })
    }
}

impl ProblemView {
    fn of(problem: Problem, redrivable: bool) -> Self {
        Self { kind: problem.kind, title: problem.kind.title(), detail: problem.detail, redrivable }
    }
}

impl PassageView {
    fn of(passage: &Passage) -> Self {
        Self { event: passage.event, to: passage.to, attempt: passage.attempt, at: passage.at }
    }
}

impl ProgressView {
    pub(crate) fn of(session: &Session) -> Self {
        let Session { attempt, progress, .. } = *session;
        let pace = progress.pace.map(PaceView::of);
        Self { attempt, progress: percent(progress), stage: progress.stage, pace }
    }
}

fn percent(progress: Progress) -> f64 {
    f64::from(progress.permille) / 10.0
}
