//! Definitions: any text is refused with its problems, or can be run. What runs is stepped, and folded again from its rows.

use workflow::history::{decode, encode};
use workflow::{Definition, Event, Execution, Facts, Input, Pending, RunEnd, Tick, step};

/// A run of a definition that was found goes no further than this.
const INPUTS: usize = 40;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Definition::parse_state(text);
    match Definition::parse(text) {
        Ok(definition) => play(&definition),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(problems.iter().all(|problem| !problem.message.is_empty()), "{problems:?}");
        }
    }
}

/// Gives the execution whatever it waits for, until it has ended.
fn play(definition: &Definition) {
    let mut execution = Execution::new(Facts::default().into());
    let mut tick = Tick { now: 1_700_000_000_000, seed: 1 };
    let mut next = Some(Input::Start { input: r#"{"a":[1,2],"n":3,"s":"x"}"#.into() });
    for _ in 0..INPUTS {
        let Some(input) = next else { return };
        if let Ok(stepped) = step(definition, &execution, input, tick) {
            take(&mut execution, &stepped.events);
            assert!(execution == stepped.execution, "the rows fold to something else");
        }
        tick = Tick { now: execution.next_due().unwrap_or(tick.now).max(tick.now), seed: tick.seed + 1 };
        next = wanted(&execution);
    }
}

fn take(execution: &mut Execution, events: &[Event]) {
    let mut row = Vec::new();
    encode(events, &mut row);
    let stored = decode(&row).expect("what was stored is read");
    assert_eq!(stored, events, "a row gives other events than were stored");
    for event in &stored {
        execution.apply(event).expect("a step's events can be folded");
    }
}

/// What the execution waits for.
fn wanted(execution: &Execution) -> Option<Input> {
    if execution.must_continue() {
        return Some(Input::Continue);
    }
    let output = || r#"{"a":[1],"Payload":{"s":"y"}}"#.into();
    let waits = execution.pending().find_map(|pending| match pending {
        Pending::RunTask { key, .. } | Pending::Activity { key, .. } => {
            Some(Input::TaskSucceeded { key, output: output() })
        }
        Pending::MapRun { key, .. } => {
            Some(Input::MapRunEnded { key, end: RunEnd::Succeeded(Some("[]".into())) })
        }
        _ => None,
    });
    waits.or_else(|| execution.next_due().map(|_| Input::Time))
}
