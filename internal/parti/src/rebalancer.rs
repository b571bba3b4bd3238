//! The leader's mind, without its hands: from joins, leaves and deaths to grants.
//!
//! Pure and synchronous. Two rules make a rebalance safe, whatever happens meanwhile:
//!
//! - a partition is in one grant at the most;
//! - a partition taken out of a live member's grant is granted again only after that member has
//!   acknowledged the epoch that took it (revoke before grant) or is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bugs::Bug;
use model::{PartitionId, Weights};

use crate::records::{Epoch, Grant, Plan, Session, Term};
use crate::strategy::{Assignment, Input, Members, Strategy, unavoidable};
use crate::{MemberId, PartitionSet};

/// How far above the mean a member may be before the lower bound of a plan counts it as movable.
const LOAD_BOUND: f64 = 1.05;

/// How a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    Left,
    Expired,
}

/// A live member, as its newest record shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) session: Session,
    /// The first life in its seat.
    pub(crate) seat: Session,
    pub(crate) acked: Epoch,
}

/// What the leader knows of its group.
pub(crate) struct Rebalancer {
    me: MemberId,
    term: Term,
    epoch: Epoch,
    weights: Weights,
    strategy: Arc<dyn Strategy>,
    live: BTreeMap<MemberId, Live>,
    grants: BTreeMap<MemberId, Grant>,
    /// Who may still hold a partition that is in no grant, and the epoch whose acknowledgement
    /// says that it does not.
    holding: BTreeMap<PartitionId, BTreeMap<MemberId, Epoch>>,
    target: Option<Assignment>,
    joined: BTreeSet<MemberId>,
    gone: BTreeMap<MemberId, Departure>,
    /// Nothing has changed since the last step: there is no other to take.
    stepped: bool,
}

impl Rebalancer {
    /// A new leader, before it has read what its predecessor left.
    pub(crate) fn new(
        me: MemberId,
        term: Term,
        weights: Weights,
        strategy: Arc<dyn Strategy>,
    ) -> Self {
        Self {
            me,
            term,
            epoch: Epoch::default(),
            weights,
            strategy,
            live: BTreeMap::new(),
            grants: BTreeMap::new(),
            holding: BTreeMap::new(),
            target: None,
            joined: BTreeSet::new(),
            gone: BTreeMap::new(),
            stepped: false,
        }
    }

    /// A grant that a predecessor left, in any order.
    pub(crate) fn inherit(&mut self, member: MemberId, grant: Grant) {
        self.stepped = false;
        self.epoch = self.epoch.max(grant.epoch);
        if self.grants.get(&member).is_none_or(|known| grant.is_newer_than(known)) {
            self.grants.insert(member, grant);
        }
    }

    /// All grants and members have been read. A partition that is in no grant may still be held by
    /// any live member that has not acknowledged its newest grant.
    pub(crate) fn inherited(&mut self) {
        self.stepped = false;
        let granted: BTreeSet<PartitionId> =
            self.grants.values().flat_map(|grant| grant.partitions.0.iter().copied()).collect();
        let behind: BTreeMap<MemberId, Epoch> = self
            .grants
            .iter()
            .filter(|(member, grant)| {
                self.live.get(*member).is_some_and(|live| live.acked < grant.epoch)
            })
            .map(|(member, grant)| (member.clone(), grant.epoch))
            .collect();
        for (partition, _) in self.weights.iter() {
            if !granted.contains(&partition) && !behind.is_empty() {
                self.holding.insert(partition, behind.clone());
            }
        }
        let owners = self.owners();
        let owning = owners.values().filter(|member| self.live.contains_key(*member));
        let known: BTreeSet<MemberId> = owning.cloned().collect();
        self.joined.retain(|member| !known.contains(member));
    }

    /// A member shows that it lives; says whether that is new. A new session of a live member is a return:
    /// it keeps its grant.
    pub(crate) fn alive(&mut self, member: &MemberId, live: Live) -> bool {
        let mut is_new = false;
        match self.live.get_mut(member) {
            Some(known) if *known == live => return false,
            Some(known) => {
                let is_ack = Live { acked: live.acked, ..*known } == live;
                *known = live;
                if is_ack && self.holding.is_empty() {
                    // Nobody waits for it.
                    return false;
                }
            }
            None => {
                self.live.insert(member.clone(), live);
                self.joined.insert(member.clone());
                is_new = true;
            }
        }
        self.stepped = false;
        is_new
    }

    /// A member left or fell silent for the lease.
    pub(crate) fn gone(&mut self, member: &MemberId, how: Departure) {
        if self.live.remove(member).is_some() {
            self.stepped = false;
            if !self.joined.remove(member) {
                self.gone.insert(member.clone(), how);
            }
        }
    }

    /// The session of a live member.
    pub(crate) fn session(&self, member: &MemberId) -> Option<Session> {
        self.live.get(member).map(|live| live.session)
    }

    /// Whether only joins are waiting for a plan: they may wait for further joins.
    pub(crate) fn only_joins(&self) -> bool {
        self.gone.is_empty() && !self.joined.is_empty()
    }

    /// Whether the membership differs from the one of the newest plan.
    pub(crate) fn changed(&self) -> bool {
        !self.gone.is_empty() || !self.joined.is_empty() || self.target.is_none()
    }

    /// Makes a new plan for the members that live now.
    pub(crate) fn replan(&mut self) -> Plan {
        let members = Members::from_iter(self.live.keys().cloned());
        let input = Input::owned(&self.weights, members, &self.owners());
        let target = self.strategy.assign(&input).with_bugs();
        let (moved, needed) = (input.moves_to(&target), unavoidable(&input, LOAD_BOUND));
        let of = |how| {
            move |(member, was): (&MemberId, &Departure)| (*was == how).then(|| member.clone())
        };
        let plan = Plan {
            term: self.term,
            epoch: Epoch(self.epoch.0 + 1),
            leader: self.me.clone(),
            joined: self.joined.iter().cloned().collect(),
            left: self.gone.iter().filter_map(of(Departure::Left)).collect(),
            expired: self.gone.iter().filter_map(of(Departure::Expired)).collect(),
            members: self.live.len() as u32,
            moved: moved.partitions,
            needed: needed.partitions,
            moved_weight: moved.weight,
            needed_weight: needed.weight,
        };
        self.target = Some(target);
        self.stepped = false;
        self.joined.clear();
        self.gone.clear();
        plan
    }

    /// The grants that can be written now; all of them get the next epoch.
    pub(crate) fn step(&mut self) -> Vec<(MemberId, Grant)> {
        if std::mem::replace(&mut self.stepped, true) {
            return Vec::new();
        }
        let Some(target) = self.target.take() else { return Vec::new() };
        let epoch = Epoch(self.epoch.0 + 1);
        let mut next = self.shrunk(&target, epoch);
        self.grow(&target, &mut next);
        self.target = Some(target);
        let mut changed: Vec<(MemberId, Grant)> = next
            .into_iter()
            .filter(|(member, partitions)| match self.grants.get(member) {
                Some(grant) => grant.partitions != *partitions || self.is_void(member, grant),
                None => true,
            })
            .map(|(member, partitions)| {
                let session = self.session(&member).unwrap_or_default();
                (member, Grant { term: self.term, epoch, session, partitions })
            })
            .collect();
        if !changed.is_empty() {
            self.epoch = epoch;
            self.grants.extend(changed.iter().cloned());
        }
        // The dead first: what they lose may be given away in this very step.
        changed.sort_by_key(|(member, _)| self.live.contains_key(member));
        changed
    }

    /// Whether a live member gets nothing by its grant, because an earlier life did.
    fn is_void(&self, member: &MemberId, grant: &Grant) -> bool {
        let begun_anew = |live: &Live| grant.session < live.seat;
        !grant.partitions.0.is_empty() && self.live.get(member).is_some_and(begun_anew)
    }

    /// What every grant keeps; notes who still holds what it loses.
    fn shrunk(&mut self, target: &Assignment, epoch: Epoch) -> BTreeMap<MemberId, PartitionSet> {
        let mut next = BTreeMap::new();
        for (member, grant) in &self.grants {
            let live = self.live.contains_key(member);
            let (kept, lost): (BTreeSet<_>, BTreeSet<_>) = grant
                .partitions
                .0
                .iter()
                .partition(|partition| live && target.owner(**partition) == Some(member));
            for partition in lost.into_iter().filter(|_| live) {
                self.holding.entry(partition).or_default().insert(member.clone(), epoch);
            }
            next.insert(member.clone(), PartitionSet(kept));
        }
        for member in self.live.keys() {
            next.entry(member.clone()).or_default();
        }
        next
    }

    /// Gives every partition that nobody holds to its target.
    fn grow(&mut self, target: &Assignment, next: &mut BTreeMap<MemberId, PartitionSet>) {
        let live = &self.live;
        self.holding.retain(|_, holders| {
            holders
                .retain(|member, epoch| live.get(member).is_some_and(|live| live.acked < *epoch));
            !holders.is_empty()
        });
        let granted: BTreeSet<PartitionId> =
            next.values().flat_map(|set| set.0.iter().copied()).collect();
        for (partition, member) in target.iter() {
            // Whoever died since the plan gets nothing; the next plan knows.
            let is_held = self.holding.contains_key(&partition);
            let free =
                !granted.contains(&partition) && (!is_held || bugs::has(Bug::GrantBeforeRelease));
            if free && self.live.contains_key(member) {
                next.entry(member.clone()).or_default().0.insert(partition);
            }
        }
        if bugs::has(Bug::GivesOneToTwo) {
            next.values_mut().take(2).for_each(|set| _ = set.0.insert(PartitionId(0)));
        }
    }

    /// Who owns what, or is about to: the target of the newest plan, else the grants.
    fn owners(&self) -> BTreeMap<PartitionId, MemberId> {
        match &self.target {
            Some(target) => target.iter().map(|(p, member)| (p, member.clone())).collect(),
            None => self
                .grants
                .iter()
                .flat_map(|(member, grant)| {
                    grant.partitions.0.iter().map(move |partition| (*partition, member.clone()))
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
