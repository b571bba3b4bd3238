//! Where a run stands, whole: what has to survive so that it can go on.

use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::conduct::Progress;
use crate::Judge;

/// Where a run stands: everything that is in no stream of the broker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunState {
    /// When it stood there.
    pub at: Timestamp,
    /// Why this was written down.
    pub cause: Cause,
    /// Time, phase, figures, and how far each stream was read.
    pub progress: Progress,
    /// Where chaos stands, if there is any.
    pub chaos: Option<ChaosPosition>,
    /// Everything that was judged, and what the judgement of the rest depends on.
    pub judge: Judge,
    /// How much the judge had been told: so much of the run's history is in it.
    pub told: u64,
}

/// Why a run's state is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was time.
    Interval,
    /// The run was ended before its time.
    Interrupted,
}

/// How far chaos has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChaosPosition {
    /// The schedule was carried out up to this time of the run; seconds on the wire.
    #[serde(with = "reports::seconds")]
    pub elapsed: Duration,
    /// The number of the next fault.
    pub next_fault: u64,
}

/// Nobody worked from `from` to `to`: the whole program was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downtime {
    /// The last sign of anybody.
    pub from: Timestamp,
    /// When the run went on.
    pub to: Timestamp,
}

impl RunState {
    /// How long the run had lasted at `at`, if nobody stopped it meanwhile.
    pub(super) fn elapsed_at(&self, at: Timestamp) -> Duration {
        self.progress.elapsed + at.since(self.at)
    }
}
