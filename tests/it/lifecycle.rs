//! Whatever is asked of a session at the same time, its state only moves along the table, one winner for each move.

use std::sync::Arc;

use activities::ports::{Guard, Sessions};
use activities::{Ctx, Decision, Mover, Refusal, advance, clock, rewrite};
use jiff::SignedDuration;
use proptest::prelude::*;
use states::session::{Change, Deadlines, Draft};
use states::table::transition;
use states::{Debt, Event, Kind, Owed, Problem, Session, State, Timestamp};
use tests::desk;
use tests::gates::{Call, Gated, Gates};

/// What may be asked of a session.
#[derive(Clone, Copy, Debug)]
enum Command {
    Outside(Event),
    /// By an activity of the attempt that stands, or of the one before it.
    Attempt(Event, u32),
    /// A result is kept by such an attempt.
    Keep(u32),
}

fn commands() -> impl Strategy<Value = Command> {
    let outside = prop::sample::select(vec![
        Event::UploadConfirmed,
        Event::UploadRejected,
        Event::Expired,
        Event::TranscodeStarted,
        Event::Cancelled,
        Event::Redriven,
    ]);
    let attempt = prop::sample::select(vec![Event::TranscodeSucceeded, Event::TranscodeFailed]);
    prop_oneof![
        3 => outside.prop_map(Command::Outside),
        2 => (attempt, 0..2_u32).prop_map(|(event, behind)| Command::Attempt(event, behind)),
        2 => (0..2_u32).prop_map(Command::Keep),
    ]
}

fn change(event: Event) -> Change {
    match event {
        Event::UploadConfirmed => Change::UploadConfirmed { etag: "e".to_owned() },
        Event::UploadRejected => Change::UploadRejected(Problem::new(Kind::UploadMismatch, "other bytes")),
        Event::Expired => Change::Expired,
        Event::TranscodeStarted => Change::TranscodeStarted,
        Event::TranscodeSucceeded => Change::TranscodeSucceeded(vec![desk::output()]),
        Event::TranscodeFailed => Change::TranscodeFailed(Problem::new(Kind::TimedOut, "too slow")),
        Event::Cancelled => Change::Cancelled,
        Event::Redriven => Change::Redriven,
    }
}

/// What one command did.
enum Did {
    Nothing,
    /// The id of its move.
    Moved(String),
    Kept,
}

async fn carry_out(ctx: &Ctx, id: &str, attempt: u32, command: Command) -> Did {
    let transition_id = clock::random_id();
    let (mover, event) = match command {
        Command::Outside(event) => (Mover::Outside { transition_id: transition_id.clone() }, event),
        Command::Attempt(event, behind) => {
            let attempt = attempt.saturating_sub(behind);
            (Mover::Attempt { attempt, transition_id: transition_id.clone() }, event)
        }
        Command::Keep(behind) => return keep(ctx, id, attempt.saturating_sub(behind)).await,
    };
    match advance(ctx, id, &mover, &change(event)).await {
        Ok(session) if session.passage(&transition_id).is_some() => Did::Moved(transition_id),
        Ok(_) | Err(Refusal::WrongState { .. } | Refusal::Superseded { .. }) => Did::Nothing,
        Err(other) => panic!("{command:?}: {other}"),
    }
}

async fn keep(ctx: &Ctx, id: &str, attempt: u32) -> Did {
    let kept = desk::kept(attempt);
    let decide = |session: &Session| -> Result<Decision, Refusal> {
        let next = session.keep(kept.clone(), ctx.clock.now(), &ctx.settings.deadlines);
        let next = next.ok_or_else(|| Refusal::Superseded { id: id.to_owned(), attempt })?;
        Ok(Decision::Write { next: Box::new(next), guard: Guard::Unmoved { version: session.version } })
    };
    match rewrite(ctx, id, decide).await {
        Ok(_) => Did::Kept,
        Err(Refusal::Superseded { .. }) => Did::Nothing,
        Err(other) => panic!("keeping: {other}"),
    }
}

/// The passages that `after` has made since `before`: a path in the table, one for each move that was told to be made. And
/// a result that is kept no more, nor named, is owed its deletion.
fn check_round(before: &Session, after: &Session, did: Vec<Did>) {
    let new = &after.trail[before.trail.len()..];
    let mut state = before.state;
    for passage in new {
        let row = transition(state, passage.event).expect("the trail is a path in the table");
        assert_eq!(row.to, passage.to);
        state = passage.to;
    }
    assert_eq!(state, after.state);
    let kept = did.iter().filter(|did| matches!(did, Did::Kept)).count();
    assert_eq!(after.version, before.version + (new.len() + kept) as u64);
    let told = |did| if let Did::Moved(id) = did { Some(id) } else { None };
    let mut made: Vec<_> = did.into_iter().filter_map(told).collect();
    let mut passed: Vec<_> = new.iter().map(|passage| passage.transition_id.clone()).collect();
    passed.sort();
    made.sort();
    assert_eq!(made, passed, "exactly the moves that were made were told so");
    after.check().expect("the record holds together");
    if let Some(kept) = before.kept.as_ref().filter(|_| before.kept != after.kept) {
        let runs = after.state == State::Transcoding && after.attempt == kept.attempt;
        let owed = Owed { debt: Debt::DeleteObjects, attempt: kept.attempt };
        assert!(runs || after.owes.contains(&owed), "nobody deletes {kept:?}: {after:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn concurrent_commands_leave_one_path_along_the_table(
        rounds in prop::collection::vec(prop::collection::vec(commands(), 1..6), 1..12)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Arc::new(local::sessions::SqliteSessions::open(&folder.path().join("s.db"), service::Changes::default()).unwrap());
            let ctx = desk::ctx(store.clone());
            let session = desk::new_session("s");
            store.write(&session, Guard::Absent).await.unwrap();
            for round in rounds {
                // Every debt is paid in between, so that what a round leaves owing is its own.
                let before = store.get("s").await.unwrap().unwrap();
                let owed: Vec<_> = before.owes.iter().copied().collect();
                store.settle("s", before.version, &owed, None).await.unwrap();
                let before = store.get("s").await.unwrap().unwrap();
                let attempt = before.attempt;
                let tasks = round.into_iter().map(|command| {
                    let ctx = ctx.clone();
                    tokio::spawn(async move { carry_out(&ctx, "s", attempt, command).await })
                });
                let outcomes = futures::future::join_all(tasks).await;
                let did = outcomes.into_iter().map(|outcome| outcome.expect("no command panics")).collect();
                let after = store.get("s").await.unwrap().unwrap();
                check_round(&before, &after, did);
            }
        });
    }
}

#[tokio::test]
async fn a_winner_whose_answer_was_lost_is_told_that_it_won() {
    let folder = tempfile::tempdir().unwrap();
    let (gates, ctx) = (Gates::default(), desk::ctx_on(&folder));
    let sessions = Arc::new(Gated::<dyn Sessions> { gates: gates.clone(), port: ctx.sessions.clone() });
    let ctx = Ctx { sessions, ..ctx };
    ctx.sessions.write(&desk::new_session("s"), Guard::Absent).await.unwrap();
    for event in [Event::UploadConfirmed, Event::TranscodeStarted] {
        gates.lose(Call::Move(event));
        let mover = Mover::Outside { transition_id: clock::random_id() };
        advance(&ctx, "s", &mover, &change(event)).await.expect("the move was made, whatever the store said");
    }
    let session = ctx.sessions.get("s").await.unwrap().unwrap();
    assert_eq!((session.state, session.trail.len()), (State::Transcoding, 2));
    assert!(gates.all_used(), "the store has lost its answers");
}

proptest! {
    /// Each look is written down, and is paid for on AWS.
    #[test]
    fn who_waits_for_an_upload_is_looked_at_ever_more_rarely_and_given_up_on_time(
        check in 1..600_i64, url in 0..900_i64, grace in 0..200_000_i64, late in 0..90_i64
    ) {
        let seconds = SignedDuration::from_secs;
        let deadlines = Deadlines { upload_check: seconds(check), upload_grace: seconds(grace), ..Deadlines::default() };
        let began = Timestamp::from_second(1_700_000_000).unwrap();
        let draft = Draft { upload_expires_at: began + seconds(url), ..desk::draft("s") };
        let session = Session::new(draft, began, &deadlines);
        let deadline = session.upload_deadline(&deadlines);
        let (mut now, mut due, mut looks) = (began, session.due_at.unwrap(), 0_u32);
        while now < deadline {
            prop_assert!(due > now && due <= deadline);
            // What has come by now is found within as long again as it took, or the shortest wait.
            prop_assert!(due.duration_since(now) <= now.duration_since(began).max(seconds(check)));
            now = due + seconds(late); // the sweep comes by when it can
            due = session.next_due(now, &deadlines).unwrap();
            looks += 1;
        }
        prop_assert!(due == now, "what is overdue is due at once");
        let lasted = u32::try_from(deadline.duration_since(began).as_secs() / check).unwrap();
        prop_assert!(looks <= 10 + lasted / 60, "{looks} looks");
    }
}
