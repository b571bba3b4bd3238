//! `chaos`: faults injected while the run lasts.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Interval, Millis};

/// Faults injected while the run lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Whether faults are injected.
    pub enabled: bool,
    /// What may happen, each as likely as the others.
    pub events: Vec<ChaosEvent>,
    /// Time from one event to the next, drawn evenly: `5m`, `10m-30m` or `10-30m`.
    #[schemars(extend("x-min" = "1ms"))]
    pub interval: Interval,
    /// How long a crashed worker or producer stays away before it comes back.
    pub restart_after: Millis,
}

impl Default for Chaos {
    fn default() -> Self {
        use ChaosEvent::{ScaleDown, ScaleUp, WorkerCrash, WorkerRestart};
        Self {
            enabled: false,
            events: vec![WorkerCrash, WorkerRestart, ScaleUp, ScaleDown],
            interval: Interval { min: Millis::from_secs(600), max: Millis::from_secs(1_800) },
            restart_after: Millis::from_secs(10),
        }
    }
}

/// What chaos does to a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChaosEvent {
    /// A worker dies without a word and comes back later.
    WorkerCrash,
    /// A worker leaves in good order and comes back at once.
    WorkerRestart,
    /// New workers join.
    ScaleUp,
    /// Workers leave for good.
    ScaleDown,
    /// The worker that leads the group dies without a word.
    LeaderFailure,
    /// A producer dies without a word and comes back later.
    ProducerCrash,
}

impl ChaosEvent {
    /// Every event there is.
    pub const ALL: [Self; 6] = [
        Self::WorkerCrash,
        Self::WorkerRestart,
        Self::ScaleUp,
        Self::ScaleDown,
        Self::LeaderFailure,
        Self::ProducerCrash,
    ];

    /// The name in configurations, reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkerCrash => "worker_crash",
            Self::WorkerRestart => "worker_restart",
            Self::ScaleUp => "scale_up",
            Self::ScaleDown => "scale_down",
            Self::LeaderFailure => "leader_failure",
            Self::ProducerCrash => "producer_crash",
        }
    }
}

impl fmt::Display for ChaosEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_ones_in_configurations() {
        for event in ChaosEvent::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
        }
    }
}
