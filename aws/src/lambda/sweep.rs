//! One round of the sweep, on a schedule; and a look at the one session whose execution Step Functions says has ended.

use activities::moves::sweep::{self, Round};
use activities::{Ctx, failure::Failure};
use jiff::SignedDuration;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;

use crate::emf::Meters;

/// Gauges of each round, which alarms and the number of workers go by: `infra/lib/alarms.ts`, `infra/lib/workers.ts`.
const DUE: &str = "lockgate_due";
const BACKLOG: &str = "lockgate_worker_backlog";
const OLDEST: &str = "lockgate_oldest_attempt_seconds";

/// The clock's event, or that of an execution's end.
#[derive(Debug, Deserialize)]
struct Occasion {
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    /// The execution's.
    name: Option<String>,
}

pub(super) async fn serve(ctx: Ctx, meters: Meters) -> Result<(), Error> {
    let (ctx, meters) = (&ctx, &meters);
    let handle = |event: LambdaEvent<Occasion>| async move {
        let outcome = Box::pin(see_to(ctx, event.payload)).await;
        meters.write();
        outcome.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(handle)).await
}

/// Answers how many sessions were looked at.
async fn see_to(ctx: &Ctx, occasion: Occasion) -> Result<usize, Failure> {
    match occasion {
        Occasion { source, detail: Detail { name: Some(name) } } if source == "aws.states" => {
            sweep::execution_ended(ctx, &name).await?;
            Ok(1)
        }
        _ => {
            let Round { due, at_workers, oldest } = sweep::run(ctx, SignedDuration::ZERO).await?;
            metrics::gauge!(DUE).set(due as f64);
            metrics::gauge!(BACKLOG).set(at_workers as f64);
            metrics::gauge!(OLDEST).set(oldest.as_secs_f64());
            Ok(due)
        }
    }
}
