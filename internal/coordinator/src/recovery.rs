//! How long it takes until partitions are owned: when a run begins, after a member is killed, after
//! one leaves, and after one restarts and keeps its seat.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::Session;
use serde::{Deserialize, Serialize};

use crate::{Fault, FaultKind};

/// Recoveries that are kept for the report; later ones only overwrite the oldest.
const KEPT_MAX: usize = 10_000;
/// Members whose partitions are waited for at once; beyond it the oldest is given up.
const OPEN_MAX: usize = 256;

/// Every partition that a member had was owned again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The fault behind it, if chaos is.
    pub fault: Option<u64>,
    /// Its name; else `leave` or `restart`.
    pub event: String,
    /// The member was killed (`crash`), left (`stop`) or came back within its lease (`restart`).
    pub kind: FaultKind,
    /// The member.
    pub target: String,
    /// How many partitions it owned.
    pub partitions: u32,
    /// To the last claim: from the kill, or from when it let go of the first partition. Until then
    /// they had an owner.
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    since: Timestamp,
    recovery: Recovery,
    /// What nobody has claimed since, and which life had it.
    left: BTreeMap<PartitionId, Session>,
}

/// Every recovery so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recoveries {
    /// Partitions that were claimed at least once.
    claimed: BTreeSet<PartitionId>,
    pub cold_start_seconds: Option<f64>,
    open: VecDeque<Open>,
    kept: VecDeque<Recovery>,
}

impl Recoveries {
    /// A partition was claimed, one of so many; the run began at `began`.
    pub fn warm_up(&mut self, partition: PartitionId, at: Timestamp, of: u32, began: Timestamp) {
        if self.cold_start_seconds.is_none() {
            self.claimed.insert(partition);
            if self.claimed.len() == of as usize {
                self.cold_start_seconds = Some(at.since(began).as_secs_f64());
                self.claimed.clear();
            }
        }
    }

    /// A member that owned `partitions` was killed.
    pub fn killed(
        &mut self,
        fault: &Fault,
        member: &MemberId,
        partitions: BTreeMap<PartitionId, Session>,
    ) {
        self.begin(FaultKind::Crash, Some(fault), member, fault.at, partitions);
    }

    /// A member is gone for good, or for a moment, and had let go of `partitions` before.
    pub fn let_go(
        &mut self,
        kind: FaultKind,
        fault: Option<&Fault>,
        member: &MemberId,
        partitions: BTreeMap<PartitionId, (Session, Timestamp)>,
    ) {
        let Some(since) = partitions.values().map(|(_, at)| *at).min() else { return };
        let left = partitions.into_iter().map(|(partition, (session, _))| (partition, session));
        self.begin(kind, fault, member, since, left.collect());
    }

    fn begin(
        &mut self,
        kind: FaultKind,
        fault: Option<&Fault>,
        member: &MemberId,
        since: Timestamp,
        left: BTreeMap<PartitionId, Session>,
    ) {
        if left.is_empty() {
            return;
        }
        if self.open.len() == OPEN_MAX {
            self.open.pop_front();
        }
        let own = if kind == FaultKind::Restart { "restart" } else { "leave" };
        let recovery = Recovery {
            fault: fault.map(|fault| fault.id),
            event: fault.map_or_else(|| own.to_owned(), |fault| fault.event.clone()),
            kind,
            target: member.to_string(),
            partitions: u32::try_from(left.len()).unwrap_or(u32::MAX),
            seconds: 0.0,
        };
        self.open.push_back(Open { since, recovery, left });
    }

    /// A partition was claimed by `session`.
    pub fn claimed(&mut self, partition: PartitionId, session: Session, at: Timestamp) {
        let kept = &mut self.kept;
        self.open.retain_mut(|open| {
            if open.left.get(&partition).is_some_and(|had| *had != session) {
                open.left.remove(&partition);
            }
            if open.left.is_empty() {
                if kept.len() == KEPT_MAX {
                    kept.pop_front();
                }
                let seconds = at.since(open.since).as_secs_f64();
                kept.push_back(Recovery { seconds, ..open.recovery.clone() });
            }
            !open.left.is_empty()
        });
    }

    /// The recoveries that are remembered.
    pub fn all(&self) -> impl Iterator<Item = &Recovery> {
        self.kept.iter()
    }

    /// How many things are held.
    pub fn entries(&self) -> usize {
        let open: usize = self.open.iter().map(|open| open.left.len()).sum();
        self.claimed.len() + open + self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_claim_ends_a_recovery() {
        let second = |seconds: i64| Timestamp(seconds * 1_000_000);
        let (one, other) = (Session(1), Session(2));
        let mut recoveries = Recoveries::default();
        recoveries.warm_up(PartitionId(0), second(1), 2, second(0));
        assert_eq!(recoveries.cold_start_seconds, None, "one of two is not all");
        recoveries.warm_up(PartitionId(1), second(2), 2, second(0));
        assert_eq!(recoveries.cold_start_seconds, Some(2.0));
        let fault = Fault {
            id: 1,
            at: second(10),
            event: "worker_crash".into(),
            kind: FaultKind::Crash,
            target: "w".into(),
            duration: None,
            ended_at: None,
            effect: String::new(),
        };
        let member = MemberId::new("w").unwrap();
        recoveries.killed(&fault, &member, [(PartitionId(0), one), (PartitionId(1), one)].into());
        recoveries.claimed(PartitionId(1), other, second(13));
        recoveries.claimed(PartitionId(0), one, second(13));
        assert_eq!(recoveries.all().count(), 0, "its own claim was on its way");
        recoveries.claimed(PartitionId(0), other, second(14));
        let seconds: Vec<_> = recoveries.all().map(|recovery| recovery.seconds).collect();
        assert_eq!(seconds, [4.0]);
    }
}
