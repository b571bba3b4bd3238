//! Random lives of a group against the two rules of [`super`]: members see grants late, the leader
//! hears of it later still, and leaders change in the middle of their writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{PartitionId, Weights};
use proptest::prelude::*;

use super::{Departure, Rebalancer};
use crate::MemberId;
use crate::records::{Epoch, Grant, Session, Term};
use crate::strategy::WeightedConsistentHash;

const PARTITIONS: u32 = 12;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Joins, or comes back with a new session if it is there.
    Join(u8),
    Gone(u8, bool),
    /// Acts on its newest grant.
    See(u8),
    /// Its sign of life reaches the leader.
    Tell(u8),
    Replan,
    Step,
    /// The leader dies after so many of the grants of a step.
    Depose(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let member = 0u8..5;
    let op = prop_oneof![
        2 => member.clone().prop_map(Op::Join),
        1 => (member.clone(), any::<bool>()).prop_map(|(m, left)| Op::Gone(m, left)),
        4 => member.clone().prop_map(Op::See),
        4 => member.prop_map(Op::Tell),
        2 => Just(Op::Replan),
        4 => Just(Op::Step),
        1 => (0usize..4).prop_map(Op::Depose),
    ];
    prop::collection::vec(op, 1..120)
}

#[derive(Debug, Default)]
struct Member {
    session: Session,
    acked: Epoch,
    told: Epoch,
    holds: BTreeSet<PartitionId>,
}

struct Group {
    leader: Rebalancer,
    term: u64,
    sessions: u64,
    live: BTreeMap<MemberId, Member>,
    stored: BTreeMap<MemberId, Grant>,
}

fn rebalancer(term: u64) -> Rebalancer {
    let leader = MemberId::new("leader").expect("a good name");
    let strategy = Arc::new(WeightedConsistentHash::default());
    Rebalancer::new(leader, Term(term), Weights::uniform(PARTITIONS), strategy)
}

fn id(member: u8) -> MemberId {
    MemberId::new(format!("m{member}")).expect("a good name")
}

impl Group {
    fn new() -> Self {
        let (live, stored) = (BTreeMap::new(), BTreeMap::new());
        Self { leader: rebalancer(1), term: 1, sessions: 0, live, stored }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Join(member) => self.join(&id(member)),
            Op::Gone(member, left) => self.gone(&id(member), left),
            Op::See(member) => self.see(&id(member)),
            Op::Tell(member) => self.tell(&id(member)),
            Op::Replan if self.leader.changed() => drop(self.leader.replan()),
            Op::Replan => {}
            Op::Step => {
                let grants = self.leader.step();
                self.store(grants);
            }
            Op::Depose(written) => self.depose(written),
        }
    }

    fn join(&mut self, member: &MemberId) {
        self.sessions += 1;
        let session = Session(self.sessions);
        let acked = self.stored.get(member).map_or(Epoch(0), |grant| grant.epoch);
        let new = Member { session, acked, told: acked, holds: BTreeSet::new() };
        self.live.insert(member.clone(), new);
        self.leader.alive(member, session, acked);
    }

    fn gone(&mut self, member: &MemberId, left: bool) {
        if self.live.remove(member).is_some() {
            let how = if left { Departure::Left } else { Departure::Expired };
            self.leader.gone(member, how);
        }
    }

    fn see(&mut self, member: &MemberId) {
        if let (Some(member), Some(grant)) = (self.live.get_mut(member), self.stored.get(member)) {
            member.holds.clone_from(&grant.partitions.0);
            member.acked = grant.epoch;
        }
    }

    fn tell(&mut self, name: &MemberId) {
        if let Some(member) = self.live.get_mut(name) {
            member.told = member.acked;
            self.leader.alive(name, member.session, member.told);
        }
    }

    /// Writes grants, one after the other, and checks the rules after each.
    fn store(&mut self, grants: Vec<(MemberId, Grant)>) {
        for (member, grant) in grants {
            let old = self.stored.insert(member.clone(), grant.clone()).unwrap_or_default();
            assert!(grant.is_newer_than(&old), "{grant:?} after {old:?}");
            for partition in grant.partitions.0.difference(&old.partitions.0) {
                let held = |(name, other): (&MemberId, &Member)| {
                    *name != member && other.holds.contains(partition)
                };
                assert!(!self.live.iter().any(held), "{partition} is still held by another");
            }
            let all = self.stored.values().flat_map(|grant| grant.partitions.0.iter());
            let (count, distinct) = (all.clone().count(), all.collect::<BTreeSet<_>>().len());
            assert_eq!(count, distinct, "granted twice: {:?}", self.stored);
        }
    }

    fn depose(&mut self, written: usize) {
        let grants = self.leader.step().into_iter().take(written).collect();
        self.store(grants);
        self.term += 1;
        self.leader = rebalancer(self.term);
        for (name, member) in &self.live {
            self.leader.alive(name, member.session, member.told);
        }
        for (name, grant) in &self.stored {
            self.leader.inherit(name.clone(), grant.clone());
        }
        self.leader.inherited();
    }

    /// Everybody hears everything: soon nothing changes any more.
    fn settle(&mut self) {
        let names: Vec<_> = self.live.keys().cloned().collect();
        for _ in 0..4 {
            self.run(Op::Replan);
            self.run(Op::Step);
            names.iter().for_each(|name| self.see(name));
            names.iter().for_each(|name| self.tell(name));
        }
        assert!(self.leader.step().is_empty(), "it does not come to rest");
    }

    fn owners(&self) -> BTreeMap<PartitionId, MemberId> {
        let granted = self.stored.iter().flat_map(|(member, grant)| {
            grant.partitions.0.iter().map(|partition| (*partition, member.clone()))
        });
        granted.collect()
    }
}

proptest! {
    #[test]
    fn a_partition_is_granted_once_and_never_while_it_is_held(ops in ops()) {
        let mut group = Group::new();
        ops.into_iter().for_each(|op| group.run(op));
        group.settle();
        let owners = group.owners();
        if group.live.is_empty() {
            prop_assert!(owners.is_empty());
        } else {
            prop_assert_eq!(owners.len() as u32, PARTITIONS, "not everything is granted");
            prop_assert!(owners.values().all(|owner| group.live.contains_key(owner)));
        }
    }

    #[test]
    fn a_removal_moves_only_orphans_and_a_return_nothing(ops in ops(), gone in 0u8..5) {
        let mut group = Group::new();
        ops.into_iter().for_each(|op| group.run(op));
        group.run(Op::Join(0));
        group.run(Op::Join(gone));
        group.settle();
        let before = group.owners();
        group.run(Op::Join(gone));
        prop_assert!(!group.leader.changed());
        prop_assert!(group.leader.step().is_empty(), "a return changes grants");
        group.run(Op::Depose(0));
        group.settle();
        prop_assert_eq!(&group.owners(), &before, "a new leader moves something");
        group.run(Op::Gone(gone, false));
        group.settle();
        let after = group.owners();
        for (partition, owner) in before.iter().filter(|(_, owner)| **owner != id(gone)) {
            prop_assert_eq!(after.get(partition), Some(owner));
        }
    }
}
