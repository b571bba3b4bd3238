//! How long it takes until partitions are owned: when a run begins, and after a member is killed.

use std::collections::BTreeSet;

use model::{PartitionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Fault;

/// Recoveries that are kept for the report; later ones only overwrite the oldest.
const KEPT_MAX: usize = 10_000;
/// Kills whose partitions are waited for at once; beyond it the oldest is given up.
const OPEN_MAX: usize = 256;

/// After a kill, every partition of the member was owned again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The fault.
    pub fault: u64,
    /// Its name.
    pub event: String,
    /// Who was killed.
    pub target: String,
    /// How many partitions it owned.
    pub partitions: u32,
    /// From the kill to the last claim.
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    fault: Fault,
    partitions: u32,
    left: BTreeSet<PartitionId>,
}

/// Every recovery so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recoveries {
    /// Partitions that were claimed at least once.
    claimed: BTreeSet<PartitionId>,
    pub cold_start_seconds: Option<f64>,
    open: Vec<Open>,
    kept: Vec<Recovery>,
}

impl Recoveries {
    /// A member that owned `partitions` was killed.
    pub fn killed(&mut self, fault: &Fault, partitions: BTreeSet<PartitionId>) {
        if partitions.is_empty() || self.open.iter().any(|open| open.fault.id == fault.id) {
            return;
        }
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        let count = partitions.len() as u32;
        self.open.push(Open { fault: fault.clone(), partitions: count, left: partitions });
    }

    /// A partition was claimed.
    pub fn claimed(&mut self, partition: PartitionId, at: Timestamp, of: u32, began: Timestamp) {
        if self.cold_start_seconds.is_none() {
            self.claimed.insert(partition);
            if self.claimed.len() == of as usize {
                self.cold_start_seconds = Some(at.since(began).as_secs_f64());
                self.claimed.clear();
            }
        }
        for open in self.open.iter_mut().filter(|open| open.fault.at <= at) {
            open.left.remove(&partition);
        }
        let kept = &mut self.kept;
        self.open.retain(|open| {
            if open.left.is_empty() {
                if kept.len() == KEPT_MAX {
                    kept.remove(0);
                }
                kept.push(Recovery {
                    fault: open.fault.id,
                    event: open.fault.event.clone(),
                    target: open.fault.target.clone(),
                    partitions: open.partitions,
                    seconds: at.since(open.fault.at).as_secs_f64(),
                });
            }
            !open.left.is_empty()
        });
    }

    /// The recoveries that are remembered.
    pub fn all(&self) -> &[Recovery] {
        &self.kept
    }

    /// How many things are held.
    pub fn entries(&self) -> usize {
        let open: usize = self.open.iter().map(|open| open.left.len()).sum();
        self.claimed.len() + open + self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use reports::FaultKind;

    use super::*;

    #[test]
    fn the_last_claim_ends_a_recovery() {
        let second = |seconds: i64| Timestamp(seconds * 1_000_000);
        let mut recoveries = Recoveries::default();
        recoveries.claimed(PartitionId(0), second(1), 2, second(0));
        assert_eq!(recoveries.cold_start_seconds, None, "one of two is not all");
        recoveries.claimed(PartitionId(1), second(2), 2, second(0));
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
        recoveries.killed(&fault, [PartitionId(0), PartitionId(1)].into());
        recoveries.claimed(PartitionId(0), second(9), 2, second(0));
        recoveries.claimed(PartitionId(1), second(13), 2, second(0));
        assert!(recoveries.all().is_empty(), "a claim before the kill ends nothing");
        recoveries.claimed(PartitionId(0), second(14), 2, second(0));
        assert_eq!(recoveries.all().len(), 1);
        assert_eq!(recoveries.all()[0].seconds, 4.0);
    }
}
