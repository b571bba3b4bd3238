//! The events: what chaos can do to a run, how often by default, and with which parameters.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What chaos does to a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChaosEvent {
    /// A worker dies without a word and comes back later, or never.
    WorkerCrash,
    /// A worker stops in good order, keeps its seat, and comes back at once under its name.
    WorkerRestart,
    /// A worker freezes for longer than its lease, and then goes on as if nothing had happened.
    WorkerPause,
    /// New workers join.
    ScaleUp,
    /// Workers leave for good.
    ScaleDown,
    /// Every worker in turn stops in good order and comes back under its name.
    RollingRestart,
    /// The worker that leads the group dies without a word.
    LeaderFailure,
    /// The worker that leads the group freezes for longer than its lease.
    LeaderPause,
    /// A producer dies without a word and comes back later, or never.
    ProducerCrash,
    /// One node is cut off from the broker: its connections break, or go silent.
    NetworkDisconnect,
    /// What one node and the broker say to each other arrives later.
    NetworkDelay,
    /// Segments between one node and the broker are lost, and sent again.
    NetworkLossy,
    /// The run's own server stops or is killed, and comes back with what it stored.
    BrokerRestart,
    /// A worker takes several times as long for its work.
    SlowWorker,
}

impl ChaosEvent {
    /// Every event there is.
    pub const ALL: [Self; 14] = [
        Self::WorkerCrash,
        Self::WorkerRestart,
        Self::WorkerPause,
        Self::ScaleUp,
        Self::ScaleDown,
        Self::RollingRestart,
        Self::LeaderFailure,
        Self::LeaderPause,
        Self::ProducerCrash,
        Self::NetworkDisconnect,
        Self::NetworkDelay,
        Self::NetworkLossy,
        Self::BrokerRestart,
        Self::SlowWorker,
    ];

    /// The default mix: every event that needs neither a server of the run's own nor a proxy, so
    /// that it can be carried out in any run.
    pub const DEFAULT_MIX: [Self; 10] = [
        Self::WorkerCrash,
        Self::WorkerRestart,
        Self::ScaleUp,
        Self::ScaleDown,
        Self::RollingRestart,
        Self::WorkerPause,
        Self::LeaderFailure,
        Self::LeaderPause,
        Self::ProducerCrash,
        Self::SlowWorker,
    ];

    /// The name in configurations, reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkerCrash => "worker_crash",
            Self::WorkerRestart => "worker_restart",
            Self::WorkerPause => "worker_pause",
            Self::ScaleUp => "scale_up",
            Self::ScaleDown => "scale_down",
            Self::RollingRestart => "rolling_restart",
            Self::LeaderFailure => "leader_failure",
            Self::LeaderPause => "leader_pause",
            Self::ProducerCrash => "producer_crash",
            Self::NetworkDisconnect => "network_disconnect",
            Self::NetworkDelay => "network_delay",
            Self::NetworkLossy => "network_lossy",
            Self::BrokerRestart => "broker_restart",
            Self::SlowWorker => "slow_worker",
        }
    }

    /// How often the event happens beside others whose weight is not given either.
    ///
    /// Fleets are deployed and scaled many times a day and rarely break, so planned events have
    /// most of the weight: of the default mix 80 in 94, of all events 80 in 100.
    pub const fn default_weight(self) -> u32 {
        match self {
            Self::WorkerRestart => 30,
            Self::ScaleUp | Self::ScaleDown => 20,
            Self::RollingRestart => 10,
            Self::WorkerCrash => 4,
            Self::WorkerPause | Self::LeaderFailure | Self::ProducerCrash => 2,
            Self::SlowWorker | Self::NetworkDisconnect | Self::NetworkDelay => 2,
            Self::LeaderPause => 2,
            Self::NetworkLossy | Self::BrokerRestart => 1,
        }
    }

    /// The parameters that mean something for the event, in the order of their names.
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::WorkerCrash | Self::LeaderFailure | Self::ProducerCrash => {
                &["restart_after", "target"]
            }
            Self::WorkerRestart => &["target"],
            Self::WorkerPause | Self::LeaderPause => &["for", "target"],
            Self::ScaleUp | Self::ScaleDown => &["count"],
            Self::RollingRestart => &["pause_between"],
            Self::NetworkDisconnect => &["for", "half_open", "target"],
            Self::NetworkDelay => &["delay", "for", "jitter", "target"],
            Self::NetworkLossy => &["for", "loss", "target"],
            Self::BrokerRestart => &["for", "kill"],
            Self::SlowWorker => &["factor", "for", "target"],
        }
    }

    /// Whether a node's connection to the broker is interfered with.
    pub const fn is_network(self) -> bool {
        matches!(self, Self::NetworkDisconnect | Self::NetworkDelay | Self::NetworkLossy)
    }
}

impl fmt::Display for ChaosEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
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

    #[test]
    fn planned_events_are_far_more_frequent_than_failures() {
        use ChaosEvent::{RollingRestart, ScaleDown, ScaleUp, WorkerRestart};
        let is_planned = |event: &ChaosEvent| {
            [WorkerRestart, ScaleUp, ScaleDown, RollingRestart].contains(event)
        };
        let sum = |events: &[ChaosEvent], planned: bool| {
            let some = events.iter().filter(|event| is_planned(event) == planned);
            some.map(|event| event.default_weight()).sum::<u32>()
        };
        let of = |events: &[ChaosEvent]| (sum(events, true), sum(events, false));
        assert_eq!(of(&ChaosEvent::DEFAULT_MIX), (80, 14), "as the documentation says");
        assert_eq!(of(&ChaosEvent::ALL), (80, 20), "as the documentation says");
    }
}
