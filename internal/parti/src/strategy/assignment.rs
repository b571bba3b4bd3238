//! What a strategy answers: the target owner of every partition.

use std::collections::BTreeMap;

use bugs::Bug;
use model::{PartitionId, Weights};

use super::{Members, Seat};
use crate::MemberId;

/// The owner that every partition should have. Four bytes a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    members: Members,
    owners: Vec<Option<Seat>>,
}

impl Assignment {
    /// The answer of a strategy: an owner for each partition, in order; `None` for all of them if there
    /// are no members, and for none otherwise. The seats are of these members.
    pub fn new(members: Members, owners: Vec<Option<Seat>>) -> Self {
        debug_assert!(owners.iter().all(|owner| owner.is_some() != members.is_empty()));
        Self { members, owners }
    }

    /// What a strategy with a bug would have answered.
    pub(crate) fn with_bugs(mut self) -> Self {
        let further = |seat: Seat| Seat::new((seat.index() + 1) % self.members.len());
        if bugs::has(Bug::MovesEverything) {
            self.owners = self.owners.iter().map(|owner| owner.map(further)).collect();
        }
        if bugs::has(Bug::ForgetsAPartition) && self.members.len() > 2 {
            self.owners[0] = None;
        }
        self
    }

    /// The members that the partitions were given to.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The seat of every partition's owner; the index is the partition's number. All `None` if
    /// there are no members, all `Some` otherwise.
    pub fn seats(&self) -> &[Option<Seat>] {
        &self.owners
    }

    /// The owner of a partition; `None` beyond the last partition, or without any member.
    pub fn owner(&self, partition: PartitionId) -> Option<&MemberId> {
        let seat = self.owners.get(partition.0 as usize).copied().flatten()?;
        Some(self.members.at(seat))
    }

    /// Every owned partition with its owner, in order.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionId, &MemberId)> {
        let owned = (0..).map(PartitionId).zip(&self.owners);
        owned.filter_map(|(partition, seat)| Some((partition, self.members.at((*seat)?))))
    }

    /// What every member owns, in order; members without partitions are listed too.
    pub fn by_member(&self) -> BTreeMap<MemberId, Vec<PartitionId>> {
        let mut lists = vec![Vec::new(); self.members.len()];
        for (partition, seat) in (0..).map(PartitionId).zip(&self.owners) {
            if let Some(seat) = seat {
                lists[seat.index()].push(partition);
            }
        }
        self.members.iter().map(|(_, member)| member.clone()).zip(lists).collect()
    }

    /// How evenly the weight is spread.
    pub fn loads(&self, weights: &Weights) -> Loads {
        let mut loads = vec![0; self.members.len()];
        for (seat, (_, weight)) in self.owners.iter().zip(weights.iter()) {
            if let Some(seat) = seat {
                loads[seat.index()] += u64::from(weight.0);
            }
        }
        Loads(loads)
    }
}

/// The summed weight of every member, in the order of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loads(Vec<u64>);

impl Loads {
    /// One load a member.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// The load that everyone would have if weight could be cut at will; 0 without members.
    pub fn mean(&self) -> f64 {
        let total: u64 = self.0.iter().sum();
        total as f64 / self.0.len().max(1) as f64
    }

    /// The highest load; 0 without members.
    pub fn max(&self) -> u64 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// The lowest load; 0 without members.
    pub fn min(&self) -> u64 {
        self.0.iter().copied().min().unwrap_or(0)
    }
}
