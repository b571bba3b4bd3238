//! How the state of a run is kept, if the configuration says so.

use model::watch;
use std::path::{Path, absolute};
use std::sync::Arc;

use checkpoint::{Checkpoints, RunKeeper};
use coordinator::{ChaosPosition, CheckpointPlan};

use crate::failure::Failure;
use crate::setup::Setup;

/// Keeps checkpoints of the run that leaves its report in `dir`.
pub fn plan(
    setup: &Setup,
    dir: &Path,
    chaos: Option<watch::Receiver<ChaosPosition>>,
) -> Result<Option<CheckpointPlan>, Failure> {
    let config = &setup.config.checkpoint;
    if !config.enabled {
        return Ok(None);
    }
    let keep = usize::try_from(config.keep).unwrap_or(usize::MAX);
    let checkpoints = Checkpoints::open(&config.path, keep)
        .map_err(|error| Failure::Environment(error.to_string()))?;
    let keeper = Arc::new(RunKeeper {
        checkpoints,
        seed: setup.seed,
        commit: env!("SIMULATION_COMMIT").to_owned(),
        configuration: setup.config.to_yaml(),
        // Whoever resumes may stand in another directory.
        run_directory: absolute(dir)?,
    });
    Ok(Some(CheckpointPlan { every: config.interval.duration(), keeper, chaos }))
}
