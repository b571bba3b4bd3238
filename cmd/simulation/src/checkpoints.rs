//! How the state of a run is kept, if the configuration says so.

use std::path::{Path, absolute};
use std::sync::Arc;

use checkpoint::{Checkpoints, Place, RunKeeper};
use coordinator::{ChaosPosition, CheckpointPlan};
use model::watch;

use crate::failure::Failure;
use crate::setup::Setup;

/// Who keeps the checkpoints of the run that leaves its report in `dir`. A run that leaves nothing keeps
/// them in memory, and only if it rehearses.
pub fn keeper(setup: &Setup, dir: Option<&Path>) -> Result<Option<Arc<RunKeeper>>, Failure> {
    let config = &setup.config.checkpoint;
    if !config.enabled || dir.is_none() && config.rehearsal.is_none() {
        return Ok(None);
    }
    let place = match dir {
        Some(_) => {
            let keep = usize::try_from(config.keep).unwrap_or(usize::MAX);
            let files = Checkpoints::open(&config.path, keep)
                .map_err(|error| Failure::Environment(error.to_string()))?;
            Place::Files(files)
        }
        None => Place::Memory(Arc::default()),
    };
    Ok(Some(Arc::new(RunKeeper {
        place,
        seed: setup.seed,
        commit: env!("SIMULATION_COMMIT").to_owned(),
        configuration: setup.config.to_yaml(),
        // Whoever resumes may stand in another directory.
        run_directory: dir.map(absolute).transpose()?.unwrap_or_default(),
    })))
}

/// How often `keeper` is given the state of the run.
pub fn plan(
    setup: &Setup,
    keeper: Option<Arc<RunKeeper>>,
    chaos: Option<watch::Receiver<ChaosPosition>>,
) -> Option<CheckpointPlan> {
    let every = setup.config.checkpoint.interval.duration();
    keeper.map(|keeper| CheckpointPlan { every, keeper, chaos })
}
