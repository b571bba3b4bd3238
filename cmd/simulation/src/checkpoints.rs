//! Writes a checkpoint every now and then, beside the run: a disk that fails costs checkpoints.

use checkpoint::{Checkpoints, Snapshot, VERSION};
use coordinator::Progress;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::setup::Setup;

/// Begins to write checkpoints if the configuration says so; ends with the returned value.
pub fn begin(setup: &Setup, progress: watch::Receiver<Progress>) -> Result<JoinSet<()>, Failure> {
    let mut task = JoinSet::new();
    let config = &setup.config.checkpoint;
    if !config.enabled {
        return Ok(task);
    }
    let keep = usize::try_from(config.keep).unwrap_or(usize::MAX);
    let checkpoints = Checkpoints::open(config.path.as_ref(), keep)
        .map_err(|error| Failure::Environment(error.to_string()))?;
    let every = config.interval.duration();
    let (setup, yaml) = (setup.clone(), setup.config.to_yaml());
    task.spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let snapshot = Snapshot {
                version: VERSION,
                at: setup.clock.now(),
                seed: setup.seed,
                commit: env!("SIMULATION_COMMIT").to_owned(),
                config: checkpoint::config_hash(&yaml),
                progress: progress.borrow().clone(),
            };
            let checkpoints = checkpoints.clone();
            let saving = tokio::task::spawn_blocking(move || checkpoints.save(&snapshot));
            match saving.await {
                Ok(Ok(saved)) => {
                    tracing::info!(path = %saved.path.display(), saved.bytes, "checkpoint");
                }
                Ok(Err(error)) => tracing::error!(%error, "the run goes on without"),
                Err(error) => tracing::error!(%error, "a checkpoint failed"),
            }
        }
    });
    Ok(task)
}
