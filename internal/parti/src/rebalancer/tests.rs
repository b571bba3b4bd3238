//! Random lives of a group against the two rules of [`super`]: members see grants late, the leader
//! hears of it later still, and leaders change in the middle of their writes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use model::{PartitionId, Weights};
use proptest::prelude::*;

use super::{Departure, Live, Rebalancer};
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
    /// Gives a sign of life.
    Tell(u8),
    /// The leader reads the next record of the group.
    Hear,
    Replan,
    Step,
    /// The leader dies after so many of the grants of a step.
    Depose(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let member = 0u8..5;
    let op = prop_oneof![
        2 => member.clone().prop_map(Op::Join),
        2 => (member.clone(), any::<bool>()).prop_map(|(m, left)| Op::Gone(m, left)),
        4 => member.clone().prop_map(Op::See),
        4 => member.prop_map(Op::Tell),
        6 => Just(Op::Hear),
        2 => Just(Op::Replan),
        4 => Just(Op::Step),
        1 => (0usize..4).prop_map(Op::Depose),
    ];
    prop::collection::vec(op, 1..120)
}

#[derive(Debug, Default)]
struct Member {
    session: Session,
    seat: Session,
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
    /// Records that the leader has not read yet.
    unread: VecDeque<(MemberId, News)>,
}

#[derive(Clone, Copy, Debug)]
enum News {
    Alive(Live),
    Gone(Departure),
}

impl Member {
    fn told(&self) -> Live {
        Live { session: self.session, seat: self.seat, acked: self.told }
    }
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
        let unread = VecDeque::new();
        Self { leader: rebalancer(1), term: 1, sessions: 0, live, stored, unread }
    }

    fn run(&mut self, op: Op) {
        match op {
            Op::Join(member) => self.join(&id(member)),
            Op::Gone(member, left) => self.gone(&id(member), left),
            Op::See(member) => self.see(&id(member)),
            Op::Tell(member) => self.tell(&id(member)),
            Op::Hear => drop(self.hear()),
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
        let seat = self.live.get(member).map_or(session, |before| before.seat);
        let new = Member { session, seat, acked, told: acked, holds: BTreeSet::new() };
        self.unread.push_back((member.clone(), News::Alive(new.told())));
        self.live.insert(member.clone(), new);
    }

    fn gone(&mut self, member: &MemberId, left: bool) {
        if self.live.remove(member).is_some() {
            let how = if left { Departure::Left } else { Departure::Expired };
            self.unread.push_back((member.clone(), News::Gone(how)));
        }
    }

    fn hear(&mut self) -> bool {
        match self.unread.pop_front() {
            Some((member, News::Alive(live))) => drop(self.leader.alive(&member, live)),
            Some((member, News::Gone(how))) => self.leader.gone(&member, how),
            None => return false,
        }
        true
    }

    fn see(&mut self, member: &MemberId) {
        if let (Some(member), Some(grant)) = (self.live.get_mut(member), self.stored.get(member)) {
            let ours = (member.seat..=member.session).contains(&grant.session);
            member.holds = if ours { grant.partitions.0.clone() } else { BTreeSet::new() };
            member.acked = grant.epoch;
        }
    }

    fn tell(&mut self, name: &MemberId) {
        if let Some(member) = self.live.get_mut(name) {
            member.told = member.acked;
            self.unread.push_back((name.clone(), News::Alive(member.told())));
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
        self.unread.clear();
        for (name, member) in &self.live {
            self.leader.alive(name, member.told());
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
            while self.hear() {}
            self.run(Op::Replan);
            self.run(Op::Step);
            names.iter().for_each(|name| self.see(name));
            names.iter().for_each(|name| self.tell(name));
        }
        while self.hear() {}
        assert!(self.leader.step().is_empty(), "it does not come to rest");
        for (name, member) in &self.live {
            let granted = self.stored.get(name).map(|grant| &grant.partitions.0);
            assert_eq!(Some(&member.holds), granted, "{name} does not act on its grant");
        }
    }

    fn owners(&self) -> BTreeMap<PartitionId, MemberId> {
        let granted = self.stored.iter().flat_map(|(member, grant)| {
            grant.partitions.0.iter().map(|partition| (*partition, member.clone()))
        });
        granted.collect()
    }
}

/// A leader that has not heard yet that a member was expired, by its predecessor, and has come back.
#[test]
fn what_was_given_to_the_dead_is_not_held_by_who_begins_anew() {
    let mut group = Group::new();
    for op in [Op::Join(0), Op::Join(1), Op::Join(2)] {
        group.run(op);
    }
    group.settle();
    group.run(Op::Gone(2, false));
    while group.hear() {}
    // Both are still to be read when the leader deals what the third one had.
    group.run(Op::Gone(1, false));
    group.run(Op::Join(1));
    group.run(Op::Replan);
    group.run(Op::Step);
    group.run(Op::See(1));
    assert!(group.live[&id(1)].holds.is_empty());
    assert!(group.hear());
    group.run(Op::Replan);
    group.run(Op::Step);
    group.settle();
    assert_eq!(group.owners().len() as u32, PARTITIONS);
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
        while group.hear() {}
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
