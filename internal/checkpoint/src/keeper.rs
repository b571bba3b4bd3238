//! Who keeps the state of one run: the coordinator hands states in, from a thread that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use coordinator::{Keeper, Kept, RunState};
use model::Seed;

use crate::directory::Checkpoints;
use crate::error::{CheckpointError, Refusal};
use crate::file::{Checkpoint, decode, encode};
use crate::header::{Expected, Whose};

/// Keeps the checkpoints of one run.
#[derive(Clone, Debug)]
pub struct RunKeeper {
    /// Where they go.
    pub place: Place,
    /// The seed of the run.
    pub seed: Seed,
    /// The commit that the program was built from.
    pub commit: String,
    /// The effective configuration, secrets left out.
    pub configuration: String,
    /// Where the run's report, its events and its server are.
    pub run_directory: PathBuf,
}

/// Where the checkpoints of a run are.
#[derive(Clone, Debug)]
pub enum Place {
    /// In files, which survive the program.
    Files(Checkpoints),
    /// The newest one in memory, in the same bytes: for a run that leaves nothing.
    Memory(Arc<Mutex<Vec<u8>>>),
}

impl RunKeeper {
    /// The newest checkpoint of this run.
    ///
    /// # Errors
    ///
    /// As [`Checkpoints::newest`]; one in memory that is not there yet counts as damaged.
    pub fn newest(&self) -> Result<Checkpoint, CheckpointError> {
        let expected =
            Expected { seed: Some(self.seed), configuration: Some(self.configuration.clone()) };
        match &self.place {
            Place::Files(files) => Ok(Checkpoints::newest(files.dir(), &expected)?.1),
            Place::Memory(bytes) => {
                let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                decode(&bytes, &expected).map_err(refused)
            }
        }
    }
}

fn refused(why: Refusal) -> CheckpointError {
    CheckpointError::Refused { path: "memory".into(), why, older: None }
}

impl Keeper for RunKeeper {
    fn keep(&self, state: &RunState) -> Result<Kept, String> {
        let whose = Whose {
            seed: self.seed,
            commit: &self.commit,
            configuration: &self.configuration,
            run_directory: &self.run_directory,
        };
        match &self.place {
            Place::Files(files) => match files.save(&whose, state) {
                Ok((path, bytes)) => Ok(Kept { place: path.display().to_string(), bytes }),
                Err(error) => Err(error.to_string()),
            },
            Place::Memory(kept) => {
                let bytes = encode(&whose, state).map_err(|error| error.to_string())?;
                let size = bytes.len() as u64;
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
                Ok(Kept { place: "memory".into(), bytes: size })
            }
        }
    }
}
