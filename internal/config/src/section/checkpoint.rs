//! `checkpoint`: snapshots of a run, written while it goes on; a run that was stopped resumes from one.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Millis;

/// Snapshots of a run, written while it goes on; a run that was stopped resumes from one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Checkpoint {
    /// Whether checkpoints are written.
    pub enabled: bool,
    /// Time between two checkpoints; what came after the newest is read again when a run resumes.
    #[schemars(extend("x-min" = "1ms"))]
    pub interval: Millis,
    /// Folder for the checkpoints, where `--resume` looks for the newest.
    #[schemars(extend("minLength" = 1))]
    pub path: PathBuf,
    /// How many checkpoints are kept; older ones are removed.
    #[schemars(range(min = 1, max = 10_000))]
    pub keep: u32,
    /// When, in an all-in-one run, the coordinator is dropped and another goes on from the newest checkpoint.
    pub rehearsal: Option<Millis>,
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self {
            enabled: false,
            interval: Millis::from_secs(1_800),
            path: "./checkpoints".into(),
            keep: 5,
            rehearsal: None,
        }
    }
}
