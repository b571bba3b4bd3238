//! What followed one fault, as it is counted while the run goes on: in whole microseconds, so that
//! sums are exact.

use std::collections::BTreeSet;

use model::Timestamp;
use parti::records::Epoch;
use serde::{Deserialize, Serialize};

use crate::{Fault, FaultEntry, FaultKind, Impact};

/// Plans, and faults to share with, that are named for each fault.
const NAMED_MAX: usize = 64;

/// A fault, and what followed so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    pub fault: Fault,
    pub closed_at: Option<Timestamp>,
    /// When a killed target came back.
    pub returned_at: Option<Timestamp>,
    rebalances: Vec<Epoch>,
    pub moved: u64,
    pub needed: u64,
    pub taken_over: u64,
    pub unowned_micros: u64,
    pub unowned_max_micros: u64,
    pub doubly_micros: u64,
    pub fenced: u64,
    pub stable_micros: Option<u64>,
    shared_with: BTreeSet<u64>,
}

impl Known {
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            closed_at: None,
            returned_at: None,
            rebalances: Vec::new(),
            moved: 0,
            needed: 0,
            taken_over: 0,
            unowned_micros: 0,
            unowned_max_micros: 0,
            doubly_micros: 0,
            fenced: 0,
            stable_micros: None,
            shared_with: BTreeSet::new(),
        }
    }

    /// When its target was on its feet again, as far as that is known: a killed one is judged by its
    /// records, and a restart is under way until its end is told.
    pub fn over(&self) -> Option<Timestamp> {
        let over = match self.fault.kind {
            FaultKind::Crash => Some(self.fault.at),
            FaultKind::Restart if self.fault.duration.is_none() => self.fault.ended_at,
            _ => self.fault.over_at(),
        };
        over.map(|over| over.max(self.returned_at.unwrap_or(over)))
    }

    /// It was over at `over`, and everything is stable since `since`.
    pub fn close(&mut self, since: Timestamp, over: Timestamp) {
        self.closed_at = Some(over.max(since));
        // What the return of a killed member moves comes later.
        self.stable_micros.get_or_insert(micros(since, self.fault.at));
    }

    pub fn planned(&mut self, epoch: Epoch) {
        if self.rebalances.len() < NAMED_MAX {
            self.rebalances.push(epoch);
        }
    }

    /// A partition had no owner; what was before the fault does not count.
    pub fn unowned(&mut self, from: Timestamp, to: Timestamp) {
        let micros = micros(to, from.max(self.fault.at));
        self.unowned_micros = self.unowned_micros.saturating_add(micros);
        self.unowned_max_micros = self.unowned_max_micros.max(micros);
    }

    /// Two held one partition for so long.
    pub fn doubly(&mut self, micros: u64) {
        self.doubly_micros = self.doubly_micros.saturating_add(micros);
    }

    pub fn share(&mut self, with: &[u64]) {
        for id in with {
            if *id != self.fault.id && self.shared_with.len() < NAMED_MAX {
                self.shared_with.insert(*id);
            }
        }
    }

    /// As the report says it.
    pub fn entry(&self) -> FaultEntry {
        let impact = Impact {
            rebalances: self.rebalances.clone(),
            moved: self.moved,
            needed: self.needed,
            taken_over: self.taken_over,
            unowned_seconds: seconds(self.unowned_micros),
            unowned_max_seconds: seconds(self.unowned_max_micros),
            doubly_processed_seconds: seconds(self.doubly_micros),
            fenced: self.fenced,
            stable_seconds: self.stable_micros.map(seconds),
            shared_with: self.shared_with.iter().copied().collect(),
        };
        FaultEntry { fault: self.fault.clone(), impact }
    }
}

/// Whether chaos only says why it did nothing.
pub(crate) fn is_skipped(fault: &Fault) -> bool {
    fault.kind == FaultKind::Other && fault.effect.starts_with("skipped:")
}

/// Whom a fault hit, one by one.
pub(crate) fn targets(fault: &Fault) -> impl Iterator<Item = &str> {
    fault.target.split(',').map(str::trim)
}

/// Microseconds from `earlier` to `later`.
pub(crate) fn micros(later: Timestamp, earlier: Timestamp) -> u64 {
    u64::try_from(later.since(earlier).as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
