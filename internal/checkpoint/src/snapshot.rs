//! What a checkpoint holds.

use coordinator::Progress;
use model::{Seed, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the format; another one is refused.
pub const VERSION: u32 = 1;

/// Tells configurations apart: the CRC-32 of their text.
pub fn config_hash(yaml: &str) -> u32 {
    crc32fast::hash(yaml.as_bytes())
}

/// Where a run stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of the format.
    pub version: u32,
    /// When it was taken.
    pub at: Timestamp,
    /// The seed of the run.
    pub seed: Seed,
    /// The commit it was built from.
    pub commit: String,
    /// CRC-32 of the effective configuration.
    pub config: u32,
    /// Time, phase, figures, and how far each stream was read.
    pub progress: Progress,
}
