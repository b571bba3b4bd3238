//! What followed a fault, as the report says it.
//!
//! A fault is *open* from its beginning until everything is stable again: it is over, a lease has
//! passed in which the group could notice, every partition is owned by a live member to whom it is
//! granted, and nothing is being taken back. A killed member that returns opens its fault again.
//!
//! What happens is counted for the newest fault of each member that it is about, if that fault is
//! open, or was within the last lease: a plan is about the members that it names, a time without an
//! owner about the owner before (else the one after), a take-over about the one who was taken over
//! from. What is about nobody whom chaos touched is counted for every fault that is open then.
//! Whatever is counted for several faults names them to each other.

use parti::records::Epoch;
use serde::{Deserialize, Serialize};

use crate::Fault;

/// A fault, and what followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultEntry {
    /// What was done.
    #[serde(flatten)]
    pub fault: Fault,
    /// What followed.
    #[serde(flatten)]
    pub impact: Impact,
}

/// What followed a fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The plans that followed (the first ones, if there are very many).
    pub rebalances: Vec<Epoch>,
    /// Partitions that these plans moved (of those plans that are carried out).
    pub moved: u64,
    /// Moves of these plans that were unavoidable.
    pub needed: u64,
    /// Partitions that others claimed over its target's unreleased claims.
    pub taken_over: u64,
    /// Partition-seconds without an owner, from the fault on.
    pub unowned_seconds: f64,
    /// The longest time without an owner of one partition.
    pub unowned_max_seconds: f64,
    /// Partition-seconds in which a member that was paused, cut off or taken for dead held what
    /// somebody else had claimed: until it began a new life, left or was killed.
    pub doubly_processed_seconds: f64,
    /// Messages whose effect was refused to its target from then on, until the target's next fault.
    pub fenced: u64,
    /// From the fault to the last claim after which everything was stable; zero if it disturbed
    /// nothing, null if everything never was stable again. Faults that overlap lengthen it for each
    /// other; the return of a killed member does not count.
    pub stable_seconds: Option<f64>,
    /// Faults for which some of this is counted as well (the first ones, if there are very many).
    pub shared_with: Vec<u64>,
}
