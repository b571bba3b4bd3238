//! Who owns which partition, now and before.

use std::collections::VecDeque;

use model::Timestamp;
use serde::Serialize;

/// Changes of owner that are kept; older ones become what the map begins with.
const CHANGES_MAX: usize = 20_000;

/// One partition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub owner: Option<u32>,
    pub since: Timestamp,
    pub epoch: u64,
    /// The newest record of the ledger that was told of it.
    pub ledger: u64,
    pub version: u64,
}

/// A partition got another owner, or lost its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change(
    /// Seconds since the run began.
    pub f64,
    /// The partition.
    pub u32,
    /// The number of its owner, or -1.
    pub i64,
);

/// Who owned what, from some time on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ownerships {
    /// From when on, in seconds since the run began.
    pub from: f64,
    /// Who owned each partition then; -1 for nobody.
    pub base: Vec<i64>,
    /// What changed since, in order.
    pub changes: VecDeque<Change>,
}

/// Every partition, and what changed.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub places: Vec<Place>,
    pub past: Ownerships,
}

impl Map {
    pub fn new(partitions: usize) -> Self {
        let past = Ownerships { base: vec![-1; partitions], ..Ownerships::default() };
        Self { places: vec![Place::default(); partitions], past }
    }

    /// Whether the record says anything new: a run that goes on tells some of them again.
    pub fn is_new(&self, partition: usize, ledger: u64) -> bool {
        self.places.get(partition).is_some_and(|place| place.ledger < ledger)
    }

    /// A partition changes hands. Returns who had it before.
    pub fn changed(&mut self, partition: usize, to: Place, seconds: f64) -> Option<u32> {
        let place = self.places.get_mut(partition)?;
        let before = place.owner;
        *place = to;
        if before != to.owner {
            self.remember(Change(seconds, u32::try_from(partition).unwrap_or(0), code(to.owner)));
        }
        before
    }

    fn remember(&mut self, change: Change) {
        if self.past.changes.len() == CHANGES_MAX
            && let Some(Change(at, partition, owner)) = self.past.changes.pop_front()
        {
            self.past.from = at;
            if let Some(base) = self.past.base.get_mut(partition as usize) {
                *base = owner;
            }
        }
        self.past.changes.push_back(change);
    }
}

pub(crate) fn code(owner: Option<u32>) -> i64 {
    owner.map_or(-1, i64::from)
}
