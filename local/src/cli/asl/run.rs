//! `lockgate asl run FILE`: an engine in memory, one execution, and its history as it happens.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use workflow::driver::{self, Change, Description, Engine, MachineRequest, Page, Ticks};
use workflow::journal::{MemoryJournal, RunStatus};
use workflow::services::Services;

use super::super::Failure;
use super::super::interrupt::unless_interrupted;
use super::super::screen::printable;
use super::{print, read, read_mocks, sentence};
use crate::{assemble, endpoints};

const HELP: &str = "Nothing is kept: the execution lives in memory. Tasks call the endpoints that the flags name, or are \
answered by the mocks of a test case. Ctrl-C stops it.\n\nExit codes: 0 succeeded; 1 failed or was stopped, or the \
definition is not valid; 2 wrong command line; 5 timed out; 130 interrupted.";

/// The exit code of an execution that timed out.
const TIMED_OUT: u8 = 5;
/// Events asked for at a time.
const EVENTS: u32 = 1000;

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// The definition; - is standard input
    file: PathBuf,

    /// The input, as JSON or as @FILE
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,

    /// The state machine's name in ARNs and mocks [default: the file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The test case whose mocks answer the tasks
    #[arg(long, value_name = "NAME", requires = "mock_config")]
    test_case: Option<String>,

    /// Print JSON, one event a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    told: endpoints::Told,
}

#[tokio::main]
pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let definition = read(&args.file)?;
    let input = match args.input.strip_prefix('@') {
        Some(file) => read(file.as_ref())?,
        None => args.input.clone(),
    };
    let mocks = read_mocks(args.told.mock_config.as_deref())?;
    let services = Arc::new(Services::new(args.told.services(mocks), Ticks::system())?);
    let config =
        driver::Config { place: args.told.place(), objects: services.clone(), ..driver::Config::default() };
    let engine = Engine::open(MemoryJournal::default(), services.clone(), Ticks::steady(), config).await;
    let engine = engine.map_err(assemble::Error::Engine)?;
    services.begin(engine.clone());

    let name = args.name.clone().unwrap_or_else(|| name_of(&args.file));
    let machine = MachineRequest {
        name,
        definition: definition.clone(),
        settings: "{}".to_owned(),
        ..MachineRequest::default()
    };
    let mut changes = engine.subscribe();
    let execution = async {
        let machine = engine.create_state_machine(machine).await?;
        let machine = match &args.test_case {
            Some(test_case) => format!("{}#{test_case}", machine.arn),
            None => machine.arn,
        };
        engine.start_execution(&machine, None, &input).await
    };
    let arn = match execution.await {
        Ok(started) => started.arn,
        Err(driver::Error::InvalidDefinition(problems)) => return Ok(not_valid(&definition, &problems)),
        Err(error) => return Err(Failure::Usage(error.to_string())),
    };
    let ended = unless_interrupted(async {
        let mut shown = 0;
        loop {
            shown = show(&engine, &arn, shown, args.json).await?;
            let description = engine.describe_execution(&arn).await.map_err(assemble::Error::Engine)?;
            if description.status != RunStatus::Running {
                show(&engine, &arn, shown, args.json).await?;
                return Ok(description);
            }
            changed(&mut changes, &arn).await;
        }
    })
    .await;
    engine.shutdown(Duration::ZERO).await;
    ended.map(|description| outcome(&description))
}

/// Prints the events after the first `shown`, and says how many are printed then.
async fn show(engine: &Engine, arn: &str, mut shown: u32, json: bool) -> Result<u32, Failure> {
    loop {
        let token = (shown > 0).then(|| Page::after_count(shown));
        let page = engine.history(arn, &Page { limit: EVENTS, token, ..Page::default() }, false).await;
        let page = page.map_err(assemble::Error::Engine)?;
        for event in &page.events {
            print::event(event, json)?;
        }
        shown += u32::try_from(page.events.len()).unwrap_or(EVENTS);
        if page.next.is_none() {
            return Ok(shown);
        }
    }
}

/// Returns when there may be new events.
async fn changed(changes: &mut tokio::sync::broadcast::Receiver<Change>, arn: &str) {
    loop {
        match changes.recv().await {
            Ok(change) if change.execution_arn != arn => {}
            Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}

fn outcome(execution: &Description) -> ExitCode {
    if let Some(failed) = &execution.failed {
        let (error, cause) = (failed.error.as_deref(), failed.cause.as_deref());
        let told = [error, cause].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let status: &str = execution.status.into();
        eprintln!("lockgate: {status} {}", printable(&told));
    }
    match execution.status {
        RunStatus::Succeeded => ExitCode::SUCCESS,
        RunStatus::TimedOut => ExitCode::from(TIMED_OUT),
        _ => ExitCode::FAILURE,
    }
}

fn not_valid(text: &str, problems: &[workflow::Problem]) -> ExitCode {
    let document = serde_json::from_str(text).unwrap_or_default();
    for problem in problems {
        let said = sentence(&problem.json_pointer(&document), &problem.message);
        eprintln!("lockgate: {}", printable(&said));
    }
    ExitCode::FAILURE
}

/// `order.asl.json` is the machine `order`; what could be no name is `machine`.
fn name_of(file: &std::path::Path) -> String {
    let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let is_name = |name: &&str| {
        !name.is_empty()
            && name.len() <= 80
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    };
    name.filter(is_name).filter(|name| *name != "-").unwrap_or("machine").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_after_its_file() {
        for (file, name) in [("a/order.asl.json", "order"), ("-", "machine"), ("two words.json", "machine")] {
            assert_eq!(name_of(file.as_ref()), name);
        }
    }
}
