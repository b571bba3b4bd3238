//! `checkpoint`: snapshots of where a run stood, written while it goes on.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Millis;

/// Snapshots of where a run stood, written while it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoint {
    /// Whether checkpoints are written.
    pub enabled: bool,
    /// Time between two checkpoints.
    #[schemars(extend("x-min" = "1ms"))]
    pub interval: Millis,
    /// Folder for the checkpoints.
    #[schemars(extend("minLength" = 1))]
    pub path: PathBuf,
    /// How many checkpoints are kept; older ones are removed.
    #[schemars(range(min = 1, max = 10_000))]
    pub keep: u32,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            enabled: false,
            interval: Millis::from_secs(1_800),
            path: "./checkpoints".into(),
            keep: 5,
        }
    }
}
