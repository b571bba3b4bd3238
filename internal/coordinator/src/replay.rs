//! What happened, once more in order of time: which of it followed which fault, how long it took
//! until everything was stable again, and what a zombie still held.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Session};
use serde::{Deserialize, Serialize};

use crate::aftermath::{micros, targets};
use crate::faults::Faults;
use crate::recovery::Recoveries;
use crate::redelivery::Doubt;
use crate::timeline::{Happening, Timeline};
use crate::world::World;
use crate::{Fault, FaultKind};

/// Plans that are followed until they are carried out; beyond it the oldest are forgotten.
const PLANS_MAX: usize = 1_024;
/// Lives that are followed after they were taken over from.
const ZOMBIES_MAX: usize = 1_024;
/// Partitions of one such life.
const HELD_MAX: usize = 65_536;

/// A member that was taken over from, and may not know.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Zombie {
    member: MemberId,
    /// For which faults it is counted.
    faults: Vec<u64>,
    /// When somebody else claimed what it held.
    since: BTreeMap<PartitionId, Timestamp>,
}

/// What happened, followed fault by fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replay {
    pub timeline: Timeline,
    pub recoveries: Recoveries,
    world: World,
    /// For which faults each plan is counted.
    plans: BTreeMap<Epoch, Vec<u64>>,
    zombies: BTreeMap<Session, Zombie>,
    stable_since: Option<Timestamp>,
    /// Faults up to their time are known: they can be decided.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// Microseconds in which two held one partition.
    #[serde(default)]
    pub overlap_micros: u64,
}

impl Replay {
    pub fn new(partitions: u32) -> Self {
        Self {
            timeline: Timeline::default(),
            recoveries: Recoveries::default(),
            world: World::new(partitions),
            plans: BTreeMap::new(),
            zombies: BTreeMap::new(),
            stable_since: None,
            doubts: Vec::new(),
            overlap_micros: 0,
        }
    }

    /// Follows what waits no more.
    pub fn advance(&mut self, faults: &mut Faults, lease: Duration) {
        self.follow(faults, lease, false);
    }

    /// Follows everything: the run was over at `end`.
    pub fn finish(&mut self, faults: &mut Faults, lease: Duration, end: Timestamp) {
        self.follow(faults, lease, true);
        let held: Vec<Session> = self.zombies.keys().copied().collect();
        held.into_iter().for_each(|session| self.buried(session, end, faults));
        if let Some(since) = self.stable_since {
            faults.close(since, end, lease, true);
        }
    }

    fn follow(&mut self, faults: &mut Faults, lease: Duration, all: bool) {
        while let Some((at, happening)) = self.timeline.next(all) {
            if let Some(since) = self.stable_since {
                faults.close(since, at, lease, matches!(happening, Happening::Draining));
            }
            self.apply(at, happening, faults);
            let stable = self.world.is_stable();
            self.stable_since = stable.then(|| self.stable_since.unwrap_or(at));
        }
    }

    fn apply(&mut self, at: Timestamp, happening: Happening, faults: &mut Faults) {
        match happening {
            Happening::Fault(id) => {
                if let Some(fault) = faults.begin(id)
                    && fault.kind == FaultKind::Crash
                {
                    self.killed(&fault, faults);
                }
            }
            Happening::Joined { member, session } => {
                if let Some(before) = self.world.joined(&member, session) {
                    let let_go = self.world.let_go(before);
                    let stop = faults.stopping(&member);
                    self.recoveries.let_go(FaultKind::Restart, stop, &member, let_go);
                }
                self.buried_of(&member, at, faults);
                faults.returned(&member, at);
            }
            Happening::Gone { member, session, left } => {
                self.world.gone(&member, session);
                if left {
                    let let_go = self.world.let_go(session);
                    let stop = faults.stopping(&member);
                    self.recoveries.let_go(FaultKind::Stop, stop, &member, let_go);
                    self.buried(session, at, faults);
                }
            }
            Happening::Granted { member, partitions } => self.world.granted(&member, &partitions),
            Happening::Planned { epoch, named } => self.planned(epoch, &named, faults),
            Happening::Closed { epoch, moved, needed } => {
                let ids = self.plans.remove(&epoch).unwrap_or_default();
                faults.count_for(&ids, |known| {
                    known.moved += moved;
                    known.needed += needed;
                });
            }
            Happening::Vacant { from, named } => {
                // The first that chaos touched: the owner before, else the one after.
                let about = named.iter().map(|member| faults.concerning_only(member));
                let about = about.into_iter().find(|ids| !ids.is_empty());
                let ids = about.unwrap_or_else(|| faults.concerning([]));
                faults.count_for(&ids, |known| known.unowned(from, at));
            }
            Happening::Claimed { partition, member, session, over } => {
                if let Some((member, session)) = over {
                    self.taken_over(partition, member, session, at, faults);
                }
                self.world.claimed(partition, &member, session);
                self.recoveries.claimed(partition, session, at);
            }
            Happening::Released { partition, session } => {
                self.world.released(partition, session, at);
                self.parted(partition, session, at, faults);
            }
            Happening::Fenced { member, messages } => {
                let ids = faults.lasting_on(&member);
                faults.count_for(&ids, |known| known.fenced += messages);
            }
            Happening::Doubted(doubt) => self.doubts.push(*doubt),
            Happening::Draining => {}
        }
    }

    fn killed(&mut self, fault: &Fault, faults: &mut Faults) {
        for target in targets(fault).filter_map(|target| MemberId::new(target).ok()) {
            let owned = self.world.owned_by(&target);
            self.recoveries.killed(fault, &target, owned);
            self.world.killed(&target);
            self.buried_of(&target, fault.at, faults);
        }
    }

    fn planned(&mut self, epoch: Epoch, named: &[MemberId], faults: &mut Faults) {
        let ids = faults.concerning(named);
        faults.count_for(&ids, |known| known.planned(epoch));
        if self.plans.len() == PLANS_MAX {
            self.plans.pop_first();
        }
        self.plans.insert(epoch, ids);
    }

    fn taken_over(
        &mut self,
        partition: PartitionId,
        member: MemberId,
        session: Session,
        at: Timestamp,
        faults: &mut Faults,
    ) {
        let ids = faults.concerning([&member]);
        faults.count_for(&ids, |known| known.taken_over += 1);
        let known = self.zombies.len() < ZOMBIES_MAX || self.zombies.contains_key(&session);
        if !self.world.may_hold(&member, session) || !known {
            return;
        }
        let zombie = self.zombies.entry(session);
        let zombie = zombie.or_insert(Zombie { member, faults: ids, since: BTreeMap::new() });
        if zombie.since.len() < HELD_MAX {
            zombie.since.entry(partition).or_insert(at);
        }
    }

    /// Every life of `member` that was taken over from knows by now, or is dead.
    fn buried_of(&mut self, member: &MemberId, at: Timestamp, faults: &mut Faults) {
        let of = self.zombies.iter().filter(|(_, zombie)| zombie.member == *member);
        let sessions: Vec<Session> = of.map(|(session, _)| *session).collect();
        sessions.into_iter().for_each(|session| self.buried(session, at, faults));
    }

    /// A life that was taken over from lets go of a partition of its own accord.
    fn parted(
        &mut self,
        partition: PartitionId,
        session: Session,
        at: Timestamp,
        faults: &mut Faults,
    ) {
        let Some(zombie) = self.zombies.get_mut(&session) else { return };
        let Some(since) = zombie.since.remove(&partition) else { return };
        let held = micros(at, since);
        self.overlap_micros = self.overlap_micros.saturating_add(held);
        faults.count_for(&zombie.faults, |known| known.doubly(held));
    }

    fn buried(&mut self, session: Session, at: Timestamp, faults: &mut Faults) {
        let Some(zombie) = self.zombies.remove(&session) else { return };
        let each = zombie.since.values().map(|since| micros(at, *since));
        let held = each.fold(0, u64::saturating_add);
        self.overlap_micros = self.overlap_micros.saturating_add(held);
        faults.count_for(&zombie.faults, |known| known.doubly(held));
    }

    /// Entries of its collections that grow with what happens.
    pub fn entries(&self) -> usize {
        let held: usize = self.zombies.values().map(|zombie| zombie.since.len()).sum();
        self.timeline.len()
            + self.recoveries.entries()
            + self.plans.len()
            + held
            + self.doubts.len()
    }
}
