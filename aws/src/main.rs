//! The one Lambda artefact: the handler's name says which function it is. Started by itself, it is the media child.

use std::process::ExitCode;

use activities::child;
use aws::environment::Environment;
use aws::lambda::Function;
use tracing_subscriber::EnvFilter;

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
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
