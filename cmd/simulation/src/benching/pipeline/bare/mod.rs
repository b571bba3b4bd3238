//! The pipeline without anything that checks it: publish, ordered read, fenced effect.
//!
//! The same messages fall due at the same times, on as many connections, under the same expectations, and
//! what came while an effect was on its way goes into the next one together. There is no group: who
//! owns what never changes. There are no reports, no signs of life and no judge.

mod append;
mod sending;
mod working;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::{PartitionId, RunClock};
use tokio::task::JoinSet;

use crate::cli::RunArgs;
use crate::commands::{self, wall_clock};
use crate::connect::{Connector, NatsConnector};
use crate::failure::Failure;
use crate::setup::Setup;
use crate::streams;

/// Connections that a run has beside those of its producers and workers.
const OTHERS: [&str; 3] = ["coordinator", "fleet", "chaos"];
/// How long messages may take after the last one was sent.
const DRAIN_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether everything is done.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Sends as long as `args` say, and ends when every message has its effect.
pub async fn run(args: &RunArgs) -> Result<u8, Failure> {
    let config = commands::load(args.source.config.as_ref(), &commands::overrides(args, None))?;
    let seed = model::Seed(args.seed.unwrap_or(1));
    let mut setup = Setup::new(config, seed, RunClock::starting_at(wall_clock()))?;
    let connector = NatsConnector::new(&setup, None);
    let mut others = Vec::new();
    for name in OTHERS {
        others.push(connector.connect(name).await?);
    }
    streams::prepare(&setup, &others[0]).await?;
    setup.clock = RunClock::starting_at(wall_clock());
    let done = Arc::new(AtomicU64::new(0));
    let (mut producers, mut workers) = (JoinSet::new(), JoinSet::new());
    let config = &setup.config;
    for index in 0..config.workers.count {
        let id = Setup::worker_id(index);
        let broker = connector.member(id.as_str()).await?;
        let share = (index..setup.weights.count()).step_by(config.workers.count as usize);
        let share: Vec<_> = share.map(PartitionId).collect();
        if !share.is_empty() {
            workers.spawn(working::work(broker, setup.names.clone(), id, share, done.clone()));
        }
    }
    for index in 0..config.producers.count {
        let id = Setup::producer_id(index);
        let (broker, settings) = (connector.member(&id.0).await?, setup.producer(&id)?);
        let duration = config.simulation.duration.duration();
        producers.spawn(sending::send(broker, setup.names.clone(), settings, duration));
    }
    let ended = async {
        let mut sent = 0;
        while let Some(by_one) = producers.join_next().await {
            sent += by_one.map_err(panicked)??;
        }
        let deadline = tokio::time::Instant::now() + DRAIN_MAX;
        while done.load(Ordering::Relaxed) < sent {
            if tokio::time::Instant::now() > deadline {
                let done = done.load(Ordering::Relaxed);
                let why = format!("{done} of {sent} messages have an effect after {DRAIN_MAX:?}");
                return Err(Failure::Hung(why));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(0)
    };
    tokio::select! {
        biased;
        // Workers do not end by themselves.
        Some(failed) = workers.join_next() => failed.map_err(panicked)?.map(|()| 0),
        ended = ended => ended,
    }
}

fn panicked(error: tokio::task::JoinError) -> Failure {
    Failure::Environment(format!("a producer or a worker of the bare pipeline broke off: {error}"))
}
