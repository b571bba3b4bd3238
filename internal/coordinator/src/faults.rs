//! The faults that were injected: what explains a silence, and what was open when.

use std::collections::VecDeque;

use model::Timestamp;
use parti::MemberId;
use reports::{Fault, FaultKind};
use serde::{Deserialize, Serialize};

/// Faults that are kept for the report and as explanations; older ones are only counted.
const KEPT_MAX: usize = 20_000;

/// Every fault so far, by its number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    kept: VecDeque<Fault>,
    count: u64,
}

impl Faults {
    /// Takes a fault; says whether it is a new one. They may be told in any order: a coordinator
    /// that comes late, or goes on, reads the newest word about each.
    pub fn record(&mut self, fault: Fault) -> bool {
        let index = self.kept.partition_point(|known| known.id < fault.id);
        if let Some(known) = self.kept.get_mut(index).filter(|known| known.id == fault.id) {
            *known = fault;
            return false;
        }
        let is_full = self.kept.len() == KEPT_MAX;
        if is_full && index == 0 {
            // It was counted, and forgotten since.
            return false;
        }
        self.count += 1;
        self.kept.insert(index, fault);
        if is_full {
            self.kept.pop_front();
        }
        true
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Fault> {
        self.kept.iter()
    }

    /// Whether a fault named `event` happened.
    pub fn happened(&self, event: &str) -> bool {
        self.kept.iter().any(|fault| fault.event == event)
    }

    /// The faults that were open at some time of `from..=to`, in words.
    pub fn open(&self, from: Timestamp, to: Timestamp) -> Vec<String> {
        const NAMED_MAX: usize = 8;
        let open = self.kept.iter().rev().filter(|fault| fault.overlaps(from, to));
        open.take(NAMED_MAX)
            .map(|fault| format!("#{} {} on {}", fault.id, fault.event, fault.target))
            .collect()
    }

    /// A fault that explains why `member` could not be heard at some time of `from..=to`.
    pub fn silencing(&self, member: &MemberId, from: Timestamp, to: Timestamp) -> Option<&Fault> {
        self.kept.iter().rev().find(|fault| {
            matches!(fault.kind, FaultKind::Silence | FaultKind::Broker)
                && fault.hits(member)
                && fault.overlaps(from, to)
        })
    }
}
