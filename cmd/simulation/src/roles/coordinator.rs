//! The role that leads and judges, alone: it can be killed and go on from its checkpoint while the
//! others work.

use std::time::Duration;

use ::coordinator::{Coordinator, Progress};
use tokio::sync::watch;

use super::connect;
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::watching::Watching;
use crate::{checkpoints, events, progress, signals, verdict};

/// Leads and judges the run.
pub async fn coordinator(setup: Setup, dir: RunDir, reproduce: &str) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let broker = connect(&setup, "coordinator", setup.config.nats.existing).await?;
    let (told, shown) = watch::channel(Progress::default());
    let prometheus = &setup.config.metrics.prometheus;
    let watching = Watching::begin(prometheus, shown.clone(), None).await?;
    let _checkpoints = checkpoints::begin(&setup, shown.clone())?;
    let (events, writing) = events::writer(&dir.events(), watching.shared())?;
    let whole = setup.config.simulation.duration.duration();
    let every = setup.config.coordinator.report_interval.duration();
    let showing = tokio::spawn(progress::show(shown, every, whole));
    println!("✓ coordinator started");
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let coordinator = Coordinator::new(broker, names, channel, setup.coordinator(), told, events);
    let conducted = coordinator.run(stop).await;
    showing.abort();
    let _ = tokio::time::timeout(Duration::from_secs(5), writing).await;
    let report = verdict::give(&setup, conducted?, watching.resources(), reproduce, &dir)?;
    Ok(report.exit_code)
}
