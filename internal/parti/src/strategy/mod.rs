//! Who should own which partition: pure functions from weights, members and current owners to a
//! target.
//!
//! Nothing here knows time, brokers or leaders. The leader asks a [`Strategy`] whenever its group
//! has changed; the same input gives the same answer on every machine and in every release.
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use model::{PartitionId, Weights};
//! use parti::MemberId;
//! use parti::strategy::{Input, Strategy, WeightedConsistentHash};
//!
//! let weights = Weights::uniform(100);
//! let mut members: BTreeSet<MemberId> =
//!     ["a", "b", "c"].into_iter().map(MemberId::new).collect::<Result<_, _>>()?;
//! let strategy = WeightedConsistentHash::default();
//!
//! let first = strategy.assign(&Input::fresh(&weights, &members));
//! assert!(first.owner(PartitionId(42)).is_some());
//!
//! members.remove(&MemberId::new("b")?);
//! let change = Input::following(&weights, &members, &first);
//! let second = strategy.assign(&change);
//! assert_eq!(change.moves_to(&second), parti::strategy::unavoidable(&change, 1.05));
//! # Ok::<(), parti::MemberIdError>(())
//! ```

mod assignment;
mod consistent_hash;
mod input;
mod members;
mod moves;
mod ring;
mod round_robin;
mod share;
mod sweep;
mod weighted;

pub use assignment::{Assignment, Loads};
pub use consistent_hash::ConsistentHash;
pub use input::Input;
pub use members::{Members, Seat};
pub use moves::{Moves, unavoidable};
pub use round_robin::RoundRobin;
pub use weighted::WeightedConsistentHash;

/// How many points a member gets on the ring unless told otherwise.
pub const VIRTUAL_NODES: u32 = 150;

/// A rule by which partitions are given to members.
///
/// Whatever the input, every partition gets exactly one owner, a live one; with no members at all,
/// none gets any.
pub trait Strategy: Send + Sync {
    /// The name that configurations use.
    fn name(&self) -> &'static str;

    /// The owner that every partition should have.
    fn assign(&self, input: &Input<'_>) -> Assignment;
}

impl<S: Strategy + 'static> From<S> for Box<dyn Strategy> {
    fn from(strategy: S) -> Self {
        Box::new(strategy)
    }
}
