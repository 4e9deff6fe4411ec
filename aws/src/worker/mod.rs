//! The worker: a process that asks for the tasks that take ffmpeg and the time of a film, until it is told to end.
//!
//! What it does with a task is `activities::worker`'s, and what it needs in a container [`crate::container`]'s. Here is what
//! is a worker's alone: a word to ECS that it is at work ([`protection`]).

mod protection;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use activities::ffmpeg::Ffmpeg;
use activities::worker::{self, Shift};
use futures::future::join_all;
use http::StatusCode;
use states::recipe::RECIPES;

use crate::assemble;
use crate::container::watch::{self, Health};
use crate::container::{Error, bind, connection, io, told_to_end};
use crate::environment::Environment;

/// What a worker is told besides what the stack's functions are told.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where it says how it is.
    pub listen: SocketAddr,
    /// Where files lie while they are worked on.
    pub scratch: PathBuf,
    /// Where ECS hears that it is at work; none elsewhere.
    pub ecs_agent: Option<String>,
}

/// Asking for a task takes a minute where there is none.
const PATIENCE: Duration = Duration::from_secs(180);

/// Works until SIGTERM, or Ctrl-C.
pub async fn run(environment: &Environment, post: Post) -> Result<(), Error> {
    let connection = connection(environment).await?;
    let path = std::env::var_os("PATH").ok_or(Error::Ffmpeg)?;
    let ffmpeg = Ffmpeg::on_path(&path, &post.scratch).ok_or(Error::Ffmpeg)?;
    let ctx = assemble::worker(environment, &connection, ffmpeg).map_err(io("this program's own file"))?;
    let listener = bind(post.listen).await?;

    let shift = Shift::default();
    let meters = service::Meters::default();
    meters.install();
    let seen = shift.clone();
    let watched = tokio::spawn(watch::serve(listener, meters, move || health(&seen)));
    let protected = tokio::spawn(protection::keep(post.ecs_agent, shift.clone()));
    let worked = RECIPES.iter().filter(|row| row.may_be_a_workers()).map(|row| row.work);
    let work = join_all(worked.map(|activity| worker::work(&ctx, activity, &shift)));
    let told = told_to_end()?;
    let ended = async {
        told.await;
        tracing::info!("told to end; what is under way is given back");
        shift.end();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _done = work => {}
        () = ended => {}
    }
    protected.abort();
    watched.abort();
    Ok(())
}

/// Well while the workflow answers it, or it is at work.
fn health(shift: &Shift) -> Health {
    let standing = shift.standing();
    if standing.is_ending {
        (StatusCode::SERVICE_UNAVAILABLE, "it is ending\n")
    } else if standing.tasks > 0 || standing.heard.elapsed() < PATIENCE {
        (StatusCode::OK, "well\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the workflow does not answer\n")
    }
}
