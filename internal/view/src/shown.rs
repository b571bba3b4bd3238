//! What a reader of the view is told: all of it, or what changed.

use coordinator::{Finding, Rebalance, Totals, Verdict};
use reports::{Fault, Phase};
use serde::Serialize;

use crate::{MemberState, Point, ProducerState, Run};

/// The view, or what changed in it. Entries of lists take the place of those that they are the same
/// as: a member of its number, a plan of its epoch, a fault of its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The version of the view: what [`crate::View::since`] takes to tell what changed after this.
    pub version: u64,
    /// What was known before the run began; only if everything is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The figures.
    pub now: Now,
    /// Members that changed.
    pub members: Vec<Member>,
    /// Producers that changed.
    pub producers: Vec<Producer>,
    /// Partitions that changed hands.
    pub seats: Vec<Seat>,
    /// Plans that were made or carried out.
    pub rebalances: Vec<Rebalance>,
    /// Faults that began or ended.
    pub faults: Vec<Fault>,
    /// What went wrong.
    pub findings: Vec<Finding>,
    /// Figures over time.
    pub series: Curve,
}

/// The figures at the moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Now {
    /// The verdict; `running` while there is none.
    pub verdict: Verdict,
    /// What the run is doing.
    pub phase: Phase,
    /// Seconds since it began.
    pub elapsed_seconds: f64,
    /// The newest figures.
    pub totals: Totals,
    /// The number of the leader, or -1.
    pub leader: i64,
    /// What no worker should carry more than.
    pub load_bound: f64,
    /// Whether the broker is there.
    pub broker: Held,
    /// Findings so far, also those that are not kept here.
    pub findings: u64,
    /// Events that were dropped because nobody took them in time: the view may lack some.
    pub dropped: u64,
}

/// How the broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It answers.
    Up,
    /// It was stopped or killed.
    Down,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// Its number, by which others name it.
    pub n: u32,
    /// Its name.
    pub id: String,
    /// How it is.
    pub state: MemberState,
    /// Since when, in seconds since the run began.
    pub since: f64,
    /// It was declared dead, though it may only be silent.
    pub declared_dead: bool,
    /// Its life.
    pub session: u64,
    /// Partitions that it claimed and nobody else has since.
    pub owned: u32,
    /// What they weigh.
    pub load: u64,
}

/// A producer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Producer {
    /// Its place among the producers.
    pub n: u32,
    /// How it is.
    pub state: ProducerState,
}

/// The owner of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seat(
    /// The partition.
    pub u32,
    /// The number of its owner, or -1.
    pub i64,
    /// Since when, in seconds since the run began.
    pub f64,
    /// The epoch of the claim.
    pub u64,
);

/// A piece of the curves, up to their end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// How many points before it stay as they are.
    pub from: usize,
    /// The points that follow them.
    pub points: Vec<Point>,
}
