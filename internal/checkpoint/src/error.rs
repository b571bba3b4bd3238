//! Why a checkpoint is not written, not read, or not gone on from.

use std::io;
use std::path::{Path, PathBuf};

use model::Seed;

use crate::header::VERSION;

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Somebody else's file.
    #[error("it is not a checkpoint of this program")]
    Foreign,
    /// Another version of the format.
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u64),
    /// Another run's.
    #[error(
        "it belongs to a run with seed {found}, not {asked}: resume without --seed, or with \
         --seed {found}"
    )]
    OtherSeed {
        /// The seed of the run.
        found: Seed,
        /// The seed that was asked for.
        asked: Seed,
    },
    /// A run's under another configuration.
    #[error("it belongs to a run under another configuration: {0}; resume under that one")]
    OtherConfiguration(String),
}

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk said no.
    #[error("checkpoint {path}: {error}; is the directory writable, and is there room?")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The state is nothing that can be written.
    #[error("checkpoint {path}: the state cannot be written down: {why}")]
    Unspeakable {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        why: String,
    },
    /// There is none at all.
    #[error("there is no checkpoint in {0}: name the file with --resume FILE, or begin anew")]
    None(PathBuf),
    /// The run cannot go on from it.
    #[error("checkpoint {path}: {why}{}", offer(.older.as_deref()))]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Refusal,
        /// The next older one that is good.
        older: Option<PathBuf>,
    },
}

fn offer(older: Option<&Path>) -> String {
    match older {
        Some(older) => format!("; the next older good one: --resume {}", older.display()),
        None => "; no older one beside it is good".into(),
    }
}

pub(crate) fn io_error(path: &Path) -> impl Fn(io::Error) -> CheckpointError + '_ {
    move |error| CheckpointError::Io { path: path.to_owned(), error }
}
