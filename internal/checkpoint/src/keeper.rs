//! Who keeps the state of one run: the coordinator hands states in, from a thread that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coordinator::{Keeper, Kept, RunState};
use model::Seed;

use crate::directory::Checkpoints;
use crate::error::{CheckpointError, Refusal};
use crate::file::{Checkpoint, encode};
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
    /// In files, which survive the program; and which of them was written last.
    Files(Checkpoints, Arc<Mutex<PathBuf>>),
    /// The newest one in memory, in the same bytes: for a run that leaves nothing.
    Memory(Arc<Mutex<Vec<u8>>>),
}

impl Place {
    /// Among others, in files.
    pub fn among(files: Checkpoints) -> Self {
        Self::Files(files, Arc::default())
    }
}

impl RunKeeper {
    /// The newest checkpoint that was kept here.
    ///
    /// # Errors
    ///
    /// As [`Checkpoints::load`]; one that is not there yet cannot be read.
    pub fn newest(&self) -> Result<Checkpoint, CheckpointError> {
        let expected =
            Expected { seed: Some(self.seed), configuration: Some(self.configuration.clone()) };
        match &self.place {
            Place::Files(_, newest) => Checkpoints::load(&locked(newest), &expected),
            Place::Memory(bytes) => {
                let bytes = locked(bytes);
                Checkpoint::decode(&bytes, &expected).map_err(refused)
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
            Place::Files(files, newest) => match files.save(&whose, state) {
                Ok((path, bytes)) => {
                    let place = path.display().to_string();
                    *locked(newest) = path;
                    Ok(Kept { place, bytes })
                }
                Err(error) => Err(error.to_string()),
            },
            Place::Memory(kept) => {
                let bytes = encode(&whose, state).map_err(|error| error.to_string())?;
                let size = bytes.len() as u64;
                *locked(kept) = bytes;
                Ok(Kept { place: "memory".into(), bytes: size })
            }
        }
    }
}
