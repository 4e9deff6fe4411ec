//! The engine under faults. A seed makes a definition and what happens to it: delays, failures, silence, duplicate and late
//! results, crashes. `SIM_SEEDS` says how many seeds, `SIM_SEED` runs one alone.

mod machine;

use crate::engine::world::{World, facts};
use anyhow::{Context as _, Result, ensure};
use machine::Rng;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use workflow::history::{Detail, decode};
use workflow::{Definition, Execution, Input, Pending, Refused, Status, TaskKey};

const DEFAULT_SEEDS: u64 = 10_000;
const MAX_ACTS: usize = 20_000;

#[test]
fn every_seed_ends_as_it_should() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(DEFAULT_SEEDS),
    };
    let mut ended = BTreeMap::new();
    for seed in seeds {
        match simulate(seed) {
            Ok(status) => *ended.entry(format!("{status:?}")).or_insert(0) += 1,
            Err(error) => panic!("SIM_SEED={seed}: {error:#}"),
        }
    }
    println!("{ended:?}");
}

fn simulate(seed: u64) -> Result<Status> {
    let mut rng = Rng(seed);
    // In half of the worlds there are fewer faults than retries, and all must end as if nothing had happened.
    let gentle = rng.one_in(2);
    let document = machine::document(&mut rng, gentle);
    let definition = Definition::parse(&document.to_string());
    let definition =
        Arc::new(definition.map_err(|problems| anyhow::anyhow!("{problems:?} in {document:#}"))?);
    let stormy = Sim::run(
        definition.clone(),
        Rng(seed ^ 0x5555),
        if gentle { Weather::Gentle } else { Weather::Wild },
    )?;
    if gentle {
        let calm = Sim::run(definition, Rng(seed), Weather::Calm)?;
        let end = |world: &World| {
            (world.execution.status(), world.execution.output().cloned(), world.execution.failure().cloned())
        };
        ensure!(end(&calm) == end(&stormy), "calm {:?} but {:?} in {document:#}", end(&calm), end(&stormy));
    }
    Ok(stormy.execution.status())
}

#[derive(Clone, Copy, PartialEq)]
enum Weather {
    Calm,
    Gentle,
    Wild,
}

struct Sim {
    world: World,
    /// Folded from the bytes of the rows and from nothing else.
    shadow: Execution,
    rng: Rng,
    weather: Weather,
    /// What comes from outside, by instant and order; whether it dies with the process.
    script: BTreeMap<(i64, u64), (bool, Input)>,
    order: u64,
    given_out: HashSet<TaskKey>,
    finished: HashSet<TaskKey>,
    crashes: u32,
}

impl Sim {
    fn run(definition: Arc<Definition>, rng: Rng, weather: Weather) -> Result<World> {
        let rng_seed = rng.0;
        let world = World::new(definition, rng_seed);
        let mut sim = Sim {
            world,
            shadow: Execution::new(facts()),
            rng,
            weather,
            script: BTreeMap::new(),
            order: 0,
            given_out: HashSet::new(),
            finished: HashSet::new(),
            crashes: 0,
        };
        sim.give(Input::Start { input: machine::INPUT.into() })?;
        if weather == Weather::Wild && sim.rng.one_in(12) {
            let at = sim.rng.below(60_000);
            sim.later(at, false, Input::Stop { error: Some("Stopped".into()), cause: None });
        }
        sim.go_on()?;
        check_history(&sim.world)?;
        // Rendering is slow beside the rest, so that not every world pays for it.
        if rng_seed.is_multiple_of(8) {
            ensure!(
                sim.world.history()?.len() as u32 == sim.world.execution.length(),
                "the public history has another length"
            );
        }
        Ok(sim.world)
    }

    fn go_on(&mut self) -> Result<()> {
        for _ in 0..MAX_ACTS {
            if self.world.execution.status() != Status::Running {
                return self.refuses_everything();
            }
            if self.world.execution.must_continue() {
                self.give(Input::Continue)?;
                continue;
            }
            self.hand_out();
            let due = self.world.execution.next_due();
            let scripted = self.script.keys().next().copied();
            match (scripted, due) {
                (Some(first), due) if due.is_none_or(|due| first.0 <= due) => {
                    self.world.now = self.world.now.max(first.0);
                    let (_, input) = self.script.remove(&first).context("the key was just seen")?;
                    self.give(input)?;
                }
                (_, Some(due)) => {
                    self.world.now = self.world.now.max(due);
                    self.give(Input::Time)?;
                }
                _ => anyhow::bail!(
                    "it waits for nothing: {:?}",
                    self.world.execution.pending().collect::<Vec<_>>()
                ),
            }
            if self.weather != Weather::Calm && self.crashes < 2 && self.rng.one_in(10) {
                self.crash()?;
            }
        }
        anyhow::bail!("it does not end")
    }

    fn give(&mut self, input: Input) -> Result<()> {
        let finishes = match &input {
            Input::TaskSucceeded { key, .. } | Input::TaskFailed { key, .. } => Some(*key),
            _ => None,
        };
        let rows = self.world.rows.len();
        let outcome = self.world.give(input.clone())?;
        for row in &self.world.rows[rows..] {
            for event in decode(row)? {
                self.shadow.apply(&event)?;
            }
        }
        ensure!(self.shadow == self.world.execution, "the rows fold to something else after {input:?}");
        if let Some(key) = finishes {
            match outcome {
                Ok(_) => ensure!(self.finished.insert(key), "{key:?} was finished twice"),
                Err(Refused::TaskTimedOut | Refused::Closed) => {}
                Err(other) => anyhow::bail!("{input:?} was refused: {other}"),
            }
        }
        Ok(())
    }

    /// The process ends, in order or not: what it knew is gone, and so are the tasks in it.
    fn crash(&mut self) -> Result<()> {
        self.crashes += 1;
        if self.rng.one_in(2) {
            for key in self.in_process() {
                self.give(Input::Withdrawn { key })?;
            }
        }
        self.world.execution = self.world.replayed()?;
        ensure!(self.world.execution == self.shadow, "a restarted process knows something else");
        self.script.retain(|_, (dies, _)| !*dies);
        for key in self.in_process() {
            self.given_out.remove(&key);
            self.give(Input::Redispatched { key })?;
        }
        Ok(())
    }

    fn in_process(&self) -> Vec<TaskKey> {
        let key = |pending| match pending {
            Pending::RunTask { key, .. } => Some(key),
            _ => None,
        };
        self.world.execution.pending().filter_map(key).collect()
    }

    fn later(&mut self, after: i64, dies: bool, input: Input) {
        self.order += 1;
        self.script.insert((self.world.now + after, self.order), (dies, input));
    }

    fn hand_out(&mut self) {
        let mut tasks = Vec::new();
        for pending in self.world.execution.pending() {
            match pending {
                Pending::RunTask { key, state, token, .. } if !self.given_out.contains(&key) => {
                    tasks.push((key, state, if token.is_some() { Kind::Callback } else { Kind::InProcess }));
                }
                Pending::Activity { key, state, .. } if !self.given_out.contains(&key) => {
                    tasks.push((key, state, Kind::Activity))
                }
                _ => {}
            }
        }
        for (key, state, kind) in tasks {
            self.given_out.insert(key);
            let name = self.world.definition.name(state).to_owned();
            self.answer(key, &name, kind);
        }
    }

    fn answer(&mut self, key: TaskKey, name: &str, kind: Kind) {
        let calm = self.weather == Weather::Calm;
        let dies = kind == Kind::InProcess;
        let delay = if calm { 1 } else { self.rng.below(3000) };
        match kind {
            Kind::Activity => self.later(delay / 3, false, Input::TaskStarted { key, worker: None }),
            Kind::Callback => self.later(delay / 3, true, Input::TaskSubmitted { key, output: "{}".into() }),
            Kind::InProcess => {}
        }
        let good = Input::TaskSucceeded { key, output: machine::output(name) };
        let bad = Input::TaskFailed { key, error: Some("Flaky".into()), cause: None };
        let faulty =
            !calm && (self.weather == Weather::Wild || key.attempt <= machine::FAULTS) && self.rng.one_in(2);
        if !faulty {
            self.later(delay, dies, good.clone());
        } else if self.rng.one_in(3) {
            // Silence, until the timeout; the answer comes too late.
            self.later(delay + 3_600_000, dies, good.clone());
        } else {
            self.later(delay, dies, bad.clone());
        }
        if !calm && self.rng.one_in(3) {
            let late = delay + self.rng.below(4000);
            let double = if self.rng.one_in(2) && !faulty { good } else { bad };
            // A double may not come first: then it would be the result.
            self.later(late + 1, dies, double);
        }
        if !calm && self.rng.one_in(3) {
            self.later(delay / 2, dies, Input::Heartbeat { key });
        }
    }

    /// A closed execution takes nothing more, and owes nothing.
    fn refuses_everything(&mut self) -> Result<()> {
        ensure!(self.world.execution.pending().next().is_none(), "a closed execution owes something");
        for (_, input) in std::mem::take(&mut self.script)
            .into_values()
            .chain([(false, Input::Time), (false, Input::Continue)])
        {
            ensure!(self.world.give(input)? == Err(Refused::Closed), "a closed execution took an input");
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    InProcess,
    Callback,
    Activity,
}

/// Numbers have no gap, every event follows an earlier one, and every way taken is one that the definition has.
fn check_history(world: &World) -> Result<()> {
    let mut next_id = 1;
    let mut way: HashMap<u32, Option<workflow::StateId>> = HashMap::new();
    let mut open = BTreeSet::new();
    for row in &world.rows {
        for event in decode(row)? {
            if event.id > 0 {
                ensure!(
                    event.id == next_id && event.previous < event.id,
                    "the number {} after {}",
                    event.id,
                    next_id - 1
                );
                next_id += 1;
            }
            match &event.detail {
                Detail::StateEntered { state, .. } => {
                    ensure!(
                        way.get(&event.frame).is_none_or(|next| *next == Some(*state)),
                        "{state:?} does not follow"
                    );
                    ensure!(open.insert((event.frame, *state)), "{state:?} was entered twice");
                }
                Detail::StateExited { state, next, .. } => {
                    ensure!(open.remove(&(event.frame, *state)), "{state:?} was left without being entered");
                    ensure!(
                        next.is_none_or(|next| world.definition.successors(*state).contains(&next)),
                        "no way from {state:?} to {next:?}"
                    );
                    way.insert(event.frame, *next);
                }
                _ => {}
            }
        }
    }
    ensure!(next_id == world.execution.length() + 1, "the execution counts otherwise");
    Ok(())
}
