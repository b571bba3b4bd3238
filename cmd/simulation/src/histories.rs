//! The history of a run, if the configuration says so: what `simulation check` judges.

use coordinator::{Recorder, Resumed};
use history::{Header, Pace, Recording, bytes_in, next_in};

use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;

/// Writes down what is judged of the run that leaves its report in `dir`.
pub fn recorder(
    setup: &Setup,
    dir: &RunDir,
    resumed: Option<&Resumed>,
    pace: Pace,
) -> Result<Option<Box<dyn Recorder>>, Failure> {
    let config = &setup.config.coordinator;
    if !config.history {
        return Ok(None);
    }
    let mut header = Header::new(setup.coordinator().judge, setup.seed, env!("SIMULATION_COMMIT"));
    header.after = resumed.map_or(0, |resumed| resumed.state.told);
    header.config = setup.config_json()?;
    let path = next_in(dir.path());
    // All starts of a run share the room.
    let max = config.history_max.bytes().saturating_sub(bytes_in(dir.path()));
    match Recording::create(&path, &header, max, pace) {
        Ok(recording) => Ok(Some(Box::new(recording))),
        Err(error) => Err(Failure::Environment(format!(
            "{} cannot be written ({error}); choose another directory with --report, or set \
             coordinator.history=false",
            path.display()
        ))),
    }
}
