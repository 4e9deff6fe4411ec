//! Twenty users at work while everything happens that can: the server is killed, its disk is full, receivers of its notices
//! fail or are dead, files are damaged, users change their minds. In the end every session has ended, every notice was
//! delivered or given up, and no file lies about that nothing needs.
//!
//! `make soak` does it with 2000 sessions; the suite with 200.

mod receivers;
mod siege;
mod users;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;

use receivers::Receivers;
use siege::Siege;
use users::{Told, User};

const USERS: usize = 20;

/// How many sessions, unless `LOCKGATE_SOAK` says otherwise.
const SESSIONS: usize = 200;

fn sessions() -> Result<usize> {
    match std::env::var("LOCKGATE_SOAK") {
        Ok(said) => said.parse().context("LOCKGATE_SOAK is a number of sessions"),
        Err(_) => Ok(SESSIONS),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_everything_ends() -> Result<()> {
    let (sessions, began) = (sessions()?, Instant::now());
    let siege = Siege::lay(sessions)?;
    let receivers = Receivers::open().await?;
    let users = try_join_all((0..USERS).map(|n| User::settle(&siege, n, receivers.of(n)))).await?;

    let work = async {
        let outcomes = try_join_all(users.iter().map(|user| user.work(&siege, sessions / USERS))).await;
        siege.lift();
        outcomes
    };
    let (happened, outcomes) = tokio::join!(siege.besiege(), work);
    let (happened, outcomes) = (happened?, outcomes?);

    let told =
        try_join_all(users.iter().zip(&outcomes).map(|(user, ended)| user.told(&siege, ended))).await?;
    let all: Told = told.iter().fold(Told::default(), |all, told| all.and(told));
    receivers.heard_all_of(&users, &told)?;
    try_join_all(users.iter().map(|user| user.leave(&siege))).await?;
    siege.is_swept().await?;
    println!(
        "{sessions} sessions of {USERS} users in {:.0?}: {happened}; {} notices delivered and {} given up",
        began.elapsed(),
        all.delivered,
        all.dead
    );
    ensure!(
        happened.kills >= sessions / 25 && happened.full_disks > 0,
        "too little has happened: {happened}"
    );
    ensure!(all.delivered > 0 && all.dead > 0, "{all:?}");
    Ok(())
}
