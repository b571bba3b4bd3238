//! How the state of a run is kept, if the configuration says so.

use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use checkpoint::{Checkpoints, Place, RunKeeper};
use coordinator::{ChaosPosition, CheckpointPlan};
use model::watch;

use crate::failure::Failure;
use crate::setup::Setup;

/// Who keeps the checkpoints of the run that leaves its report in `dir`, in files.
pub fn in_files(setup: &Setup, dir: &Path) -> Result<Option<Arc<RunKeeper>>, Failure> {
    let config = &setup.config.checkpoint;
    if !config.enabled {
        return Ok(None);
    }
    let keep = usize::try_from(config.keep).unwrap_or(usize::MAX);
    let files = Checkpoints::open(&config.path, keep)?;
    // Whoever resumes may stand in another directory.
    Ok(Some(keeper(setup, Place::among(files), absolute(dir)?)))
}

/// Who keeps the checkpoints of a run that cannot be resumed: they cost what they cost, and can be
/// rehearsed with.
pub fn in_memory(setup: &Setup) -> Option<Arc<RunKeeper>> {
    let place = || Place::Memory(Arc::default());
    setup.config.checkpoint.enabled.then(|| keeper(setup, place(), PathBuf::new()))
}

fn keeper(setup: &Setup, place: Place, run_directory: PathBuf) -> Arc<RunKeeper> {
    let (seed, commit) = (setup.seed, env!("SIMULATION_COMMIT").to_owned());
    let configuration = setup.config.to_yaml();
    Arc::new(RunKeeper { place, seed, commit, configuration, run_directory })
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
