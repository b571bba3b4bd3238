//! The coordinator's work, and its rehearsal: at a given time it is dropped like one that crashed, and
//! another one goes on from the newest checkpoint. A run that is judged the same proves that the
//! checkpoint held everything.

use std::sync::Arc;
use std::time::Duration;

use broker::Admin;
use checkpoint::RunKeeper;
use coordinator::{Conducted, Coordinator, CoordinatorSettings, Resumed, Stopped};
use model::watch;

use crate::failure::Failure;
use crate::setup::Setup;

/// What has to be done at the time of the rehearsal.
pub struct Rehearsal {
    /// How long from now.
    after: Duration,
    /// Who has the checkpoint.
    keeper: Arc<RunKeeper>,
}

impl Rehearsal {
    /// That of a run, unless its time is over.
    pub fn of(setup: &Setup, keeper: Option<&Arc<RunKeeper>>) -> Option<Self> {
        let at = setup.config.checkpoint.rehearsal?.duration();
        let after = at.checked_sub(setup.clock.elapsed())?;
        Some(Self { after, keeper: keeper?.clone() })
    }
}

/// Leads the run to its end by coordinators that `make` makes.
pub async fn lead<B: Admin>(
    setup: &Setup,
    broker: B,
    rehearsal: Option<Rehearsal>,
    mut settings: CoordinatorSettings,
    stop: watch::Receiver<bool>,
    make: impl Fn(CoordinatorSettings) -> Result<Coordinator<B>, Failure>,
) -> Result<Conducted, Failure> {
    let first = make(settings.clone())?.run(stop.clone());
    let Some(Rehearsal { after, keeper }) = rehearsal else { return Ok(first.await?) };
    // Dropped at the time of the rehearsal.
    if let Ok(ended) = tokio::time::timeout(after, first).await {
        return Ok(ended?);
    }
    // What is being written now is there when time has gone on, in virtual time for certain.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let newest = keeper.newest()?;
    let (names, channel, now) = (&setup.names, &setup.channel, setup.clock.now());
    let (state, stopped) = (newest.state, Stopped::Coordinator);
    let resumed = Resumed::begin(&broker, names, channel, state, stopped, now).await?;
    tracing::info!(elapsed = ?resumed.clock.elapsed(), "rehearsal: on from a checkpoint");
    settings.clock = resumed.clock;
    settings.resume = Some(resumed);
    Ok(make(settings)?.run(stop).await?)
}
