//! The one Lambda artefact: the handler's name says which function it is. Started by itself, it is the media child.

use std::process::ExitCode;

use activities::child;
use aws::environment::Environment;
use aws::lambda::Function;
use aws::xray;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(child::ARGUMENT) {
        return child::child_main();
    }
    log();
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the function cannot serve");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), lambda_runtime::Error> {
    let function = Function::named(&std::env::var("_HANDLER")?)?;
    function.serve(&Environment::read(std::env::vars())?).await
}

fn log() {
    let told = std::env::var("LOCKGATE_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::new(format!("{told},{}", service::LOG_CEILING));
    // Each line bears the ids of its request and of its trace, which the runtime's own span holds.
    let lines = fmt::layer().json().with_writer(std::io::stderr);
    registry().with(filter).with(lines).with(xray::Parts::begin()).init();
}
