//! Ledger records that speak of messages which were not read yet.
//!
//! The two streams are read independently. An effect is judged only when every message it speaks of
//! was read, so that the judgement does not depend on which reader was faster.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::records::LedgerRecord;
use reports::ToldRecord;
use serde::{Deserialize, Serialize};

use crate::Output;

/// Records that may wait; beyond it they are judged as they come.
const WAITING_MAX: usize = 50_000;

/// A ledger record with its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub seq: Seq,
    pub at: Timestamp,
    pub record: Written,
}

/// What stands in a ledger: under claims, or told by whoever likes to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    Claimed(LedgerRecord<Output>),
    Told(ToldRecord),
}

impl Written {
    /// Up to where messages must be read before it can be judged.
    pub fn through(&self) -> Seq {
        match self {
            Self::Claimed(record) => record.through(),
            Self::Told(record) => record.message(),
        }
    }
}

/// Holds ledger records back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gate {
    read: Seq,
    waiting: BTreeMap<PartitionId, VecDeque<Placed>>,
    /// For each partition that waits: the message that its first record waits for.
    heads: BTreeSet<(Seq, PartitionId)>,
    count: usize,
}

impl Gate {
    /// The record, if it can be judged now; else it waits.
    pub fn pass(&mut self, partition: PartitionId, entry: Placed) -> Option<Placed> {
        let queue = self.waiting.get_mut(&partition);
        if queue.is_none() && (entry.record.through() <= self.read || self.count >= WAITING_MAX) {
            return Some(entry);
        }
        self.count += 1;
        match queue {
            Some(queue) => queue.push_back(entry),
            None => {
                self.heads.insert((entry.record.through(), partition));
                self.waiting.insert(partition, VecDeque::from([entry]));
            }
        }
        None
    }

    /// Messages were read up to `pos`.
    pub fn read(&mut self, pos: Seq) {
        self.read = self.read.max(pos);
    }

    /// Nothing waits any more: no message will follow.
    pub fn open(&mut self) {
        self.read = Seq(u64::MAX);
    }

    /// The next record that waits no more.
    pub fn next(&mut self) -> Option<(PartitionId, Placed)> {
        let (through, partition) = self.heads.first().copied()?;
        if through > self.read && self.count < WAITING_MAX {
            return None;
        }
        self.heads.pop_first();
        let queue = self.waiting.get_mut(&partition)?;
        let entry = queue.pop_front()?;
        self.count -= 1;
        match queue.front() {
            Some(next) => drop(self.heads.insert((next.record.through(), partition))),
            None => drop(self.waiting.remove(&partition)),
        }
        Some((partition, entry))
    }

    /// Records that wait.
    pub fn waiting(&self) -> usize {
        self.count
    }
}
