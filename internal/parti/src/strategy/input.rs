//! What a strategy looks at: weights, live members, and who owns what now.

use std::collections::BTreeMap;

use model::{PartitionId, Weights};

use super::{Assignment, Members, Seat};
use crate::MemberId;

/// The question that a strategy answers.
///
/// The current owners are those of the last *target*, not of what members have taken over so far;
/// otherwise a member that is still waiting for its grants looks like one that has just joined.
/// A partition whose owner is not among the members, or that never had one, is an *orphan*.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    weights: &'a Weights,
    members: Members,
    owners: Vec<Option<Seat>>,
}

impl<'a> Input<'a> {
    /// Nobody owns anything yet.
    pub fn fresh(weights: &'a Weights, members: impl Into<Members>) -> Self {
        let owners = vec![None; weights.count() as usize];
        Self { weights, members: members.into(), owners }
    }

    /// Owners by name. Owners that are not members are dead; partitions beyond the weights are
    /// left out.
    pub fn owned(
        weights: &'a Weights,
        members: impl Into<Members>,
        owners: &BTreeMap<PartitionId, MemberId>,
    ) -> Self {
        let mut input = Self::fresh(weights, members);
        for (partition, member) in owners {
            if let Some(slot) = input.owners.get_mut(partition.0 as usize) {
                *slot = input.members.seat(member);
            }
        }
        input
    }

    /// The owners are those of an earlier assignment. The quickest way to go on from one.
    pub fn following(
        weights: &'a Weights,
        members: impl Into<Members>,
        earlier: &Assignment,
    ) -> Self {
        let mut input = Self::fresh(weights, members);
        let seats: Vec<_> =
            earlier.members().iter().map(|(_, member)| input.members.seat(member)).collect();
        for (slot, seat) in input.owners.iter_mut().zip(earlier.seats()) {
            *slot = seat.and_then(|seat| seats[seat.index()]);
        }
        input
    }

    /// The weight of every partition.
    pub fn weights(&self) -> &'a Weights {
        self.weights
    }

    /// The live members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The live owner of every partition; the index is the partition's number.
    pub fn owners(&self) -> &[Option<Seat>] {
        &self.owners
    }

    /// The load that a partition puts on its owner: its weight, and at least 1, so that a
    /// partition without weight is still dealt fairly.
    pub(super) fn load_of(&self, partition: PartitionId) -> u64 {
        self.weights.get(partition).map_or(1, |weight| u64::from(weight.0.max(1)))
    }

    /// The load of every partition, in order.
    pub(super) fn loads(&self) -> impl Iterator<Item = u64> + '_ {
        self.weights.iter().map(|(_, weight)| u64::from(weight.0.max(1)))
    }

    /// Every partition with its owner, in order.
    pub(super) fn ownership(&self) -> impl Iterator<Item = (PartitionId, Option<Seat>)> + '_ {
        (0..).map(PartitionId).zip(self.owners.iter().copied())
    }
}
