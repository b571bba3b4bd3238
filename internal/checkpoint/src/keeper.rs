//! Who keeps the state of one run: the coordinator hands states in, from a thread that may block.

use std::path::PathBuf;

use coordinator::{Keeper, Kept, RunState};
use model::Seed;

use crate::directory::Checkpoints;
use crate::header::Whose;

/// Writes the checkpoints of one run.
#[derive(Clone, Debug)]
pub struct RunKeeper {
    /// Where they go.
    pub checkpoints: Checkpoints,
    /// The seed of the run.
    pub seed: Seed,
    /// The commit that the program was built from.
    pub commit: String,
    /// The effective configuration, secrets left out.
    pub configuration: String,
    /// Where the run's report, its events and its server are.
    pub run_directory: PathBuf,
}

impl Keeper for RunKeeper {
    fn keep(&self, state: &RunState) -> Result<Kept, String> {
        let whose = Whose {
            seed: self.seed,
            commit: &self.commit,
            configuration: &self.configuration,
            run_directory: &self.run_directory,
        };
        match self.checkpoints.save(&whose, state) {
            Ok((path, bytes)) => Ok(Kept { place: path.display().to_string(), bytes }),
            Err(error) => Err(error.to_string()),
        }
    }
}
