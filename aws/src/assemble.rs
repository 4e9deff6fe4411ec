//! Where the adapters are chosen, once, for AWS: DynamoDB, Step Functions, S3, children of this very binary.

use std::sync::Arc;
use std::time::Duration;

use activities::child::{RecipeLimits, Workbench};
use activities::{Buckets, Clock, Ctx, Settings, proxies};
use service::{Meters, Service};
use states::session::Deadlines;
use tokio::sync::Semaphore;

use crate::connection::Connection;
use crate::driver::StepFunctions;
use crate::environment::Environment;
use crate::sessions::DynamoSessions;

/// Each is a write that is paid for.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// What activities stand on.
pub fn ctx(environment: &Environment) -> std::io::Result<Ctx> {
    let connection = Connection::new(&environment.account);
    let Environment { table, state_machine, uploads, results, .. } = environment;
    Ok(Ctx {
        sessions: Arc::new(DynamoSessions::new(connection.dynamodb(), table)),
        driver: Arc::new(StepFunctions::new(connection.step_functions(), state_machine)),
        objects: connection.objects(),
        workbench: Workbench::new(std::env::current_exe()?),
        clock: Clock::System,
        captioner: None,
        settings: Arc::new(Settings {
            buckets: Buckets { uploads: uploads.clone(), results: results.clone() },
            deadlines: Deadlines::default(),
            proxies: proxies::Wanted::default(),
            progress_interval: PROGRESS_INTERVAL,
            limits: RecipeLimits::default(),
        }),
    })
}

/// The API. Its answers do not stream there, and who asks is told by the gateway.
pub fn service(environment: &Environment, ctx: Ctx) -> Service {
    let mut config = service::Config::at(&environment.public_url);
    config.allowed_hosts.extend(environment.hosts.iter().cloned());
    config.cors_origins.clone_from(&environment.origins);
    config.accounts = true;
    let images = Arc::new(Semaphore::new(service::IMAGES_AT_ONCE));
    Service { ctx, changes: None, meters: Meters::default(), config, images, page: None }
}
