//! Checkpoints of a run, as the configuration asks for them.

use std::path::absolute;
use std::sync::Arc;

use checkpoint::{Checkpoints, RunKeeper};
use coordinator::CheckpointPlan;

use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;

/// Who keeps the state of the run, if the configuration says so.
pub fn plan(setup: &Setup, dir: &RunDir) -> Result<Option<CheckpointPlan>, Failure> {
    let config = &setup.config.checkpoint;
    if !config.enabled {
        return Ok(None);
    }
    let keep = usize::try_from(config.keep).unwrap_or(usize::MAX);
    let checkpoints = Checkpoints::open(config.path.as_ref(), keep)
        .map_err(|error| Failure::Environment(error.to_string()))?;
    let keeper = RunKeeper {
        checkpoints,
        seed: setup.seed,
        commit: env!("SIMULATION_COMMIT").to_owned(),
        configuration: setup.config.to_yaml(),
        // Whoever resumes may stand in another directory.
        run_directory: absolute(dir.path())?,
    };
    let (every, keeper) = (config.interval.duration(), Arc::new(keeper));
    Ok(Some(CheckpointPlan { every, keeper, chaos: None }))
}
