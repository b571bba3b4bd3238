//! The field: our strategies, and other ways to hash beside them.
//!
//! The others are the published rules and no more, each on the same two hashes ([`hash`]). They know
//! neither weights nor owners, but for the bounded loads, which know weights.

mod bounded;
mod hash;
mod jump;
mod rendezvous;

use parti::strategy::{ConsistentHash, RoundRobin, Strategy, WeightedConsistentHash};

use self::bounded::BoundedLoads;
use self::jump::JumpHash;
use self::rendezvous::Rendezvous;
use super::Size;

/// Who leaves, when somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaver {
    /// Anybody.
    Drawn,
    /// The last ones, as the rule allows no others without renumbering all that come after them.
    Last,
}

/// A strategy in the field.
pub struct Contestant {
    /// What it is.
    pub strategy: Box<dyn Strategy>,
    /// Who leaves it.
    pub leaver: Leaver,
    /// How many hashes it takes.
    pub hashes: fn(Size) -> u64,
}

/// Everybody; the one that the bounds are for last.
pub fn field() -> Vec<Contestant> {
    let every_pair = |size: Size| u64::from(size.partitions) * u64::from(size.members);
    vec![
        one(RoundRobin),
        Contestant { leaver: Leaver::Last, ..one(JumpHash) },
        Contestant { hashes: every_pair, ..one(Rendezvous) },
        one(ConsistentHash::default()),
        one(BoundedLoads::default()),
        one(WeightedConsistentHash::default()),
    ]
}

/// Anybody leaves it, and every partition and every member is hashed once or some times.
fn one(strategy: impl Strategy + 'static) -> Contestant {
    let hashes = |size: Size| u64::from(size.partitions) + u64::from(size.members);
    Contestant { strategy: Box::new(strategy), leaver: Leaver::Drawn, hashes }
}

#[cfg(test)]
mod tests;
