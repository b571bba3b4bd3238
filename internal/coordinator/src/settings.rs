//! What the judge must know before the run begins.

use std::fmt;
use std::time::Duration;

use model::{Timestamp, Weights};
use serde::{Deserialize, Serialize};

use crate::Promise;

/// By which bounds a run is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeSettings {
    /// How many partitions there are.
    pub partitions: u32,
    /// What they weigh; `None` if they all weigh the same.
    pub weights: Option<Weights>,
    /// How long a member may be silent before it counts as gone.
    pub lease: Duration,
    /// How long a partition may be without an owner after a fault: the lease and some grace.
    pub unowned_bound: Duration,
    /// How long a partition may be without an owner when the run begins.
    pub startup_bound: Duration,
    /// A partition whose newest effect is older than this at the end no longer progresses.
    pub stall: Duration,
    /// What is promised for every message.
    #[serde(default)]
    pub promise: Promise,
    /// The least time that a handler takes, less what the clocks of two servers may differ by; zero if
    /// nobody knows.
    #[serde(default)]
    pub processing_min: Duration,
    /// Whether the strategy promises to move no partition that it need not move (I7).
    pub sticky: bool,
    /// What this run has to exercise, lest it be inconclusive.
    pub required: Vec<Required>,
    /// When the run began.
    pub started_at: Timestamp,
}

/// A thing that a run has to exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// A fault of this name.
    Fault(String),
    /// A take-over from a member that a fault of this name had hit: a pause or a cut that outlived
    /// the lease.
    TakeoverBy(String),
    /// A plan that moved partitions from one member to another.
    Rebalance,
    /// A release, then a claim by another member.
    Handover,
    /// A claim over another life's unreleased claim.
    Takeover,
    /// A second leader.
    LeaderChange,
    /// A refused effect.
    Fenced,
    /// A message that was processed more than once.
    Reprocessed,
    /// A publish in doubt that was found stored.
    Recovered,
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(event) => write!(f, "the fault {event}"),
            Self::TakeoverBy(event) => write!(f, "a take-over from a member hit by {event}"),
            Self::Rebalance => f.write_str("a partition moved by a plan"),
            Self::Handover => f.write_str("a hand-over (release, then claim by another member)"),
            Self::Takeover => f.write_str("a take-over (claim over an unreleased claim)"),
            Self::LeaderChange => f.write_str("a change of leader"),
            Self::Fenced => f.write_str("a refused effect"),
            Self::Reprocessed => f.write_str("a message processed more than once"),
            Self::Recovered => f.write_str("a publish in doubt that was found stored"),
        }
    }
}
