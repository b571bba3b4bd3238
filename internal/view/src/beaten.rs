//! What faults do to somebody at the moment.

use std::collections::BTreeMap;

use reports::{Fault, FaultKind};

/// What a fault does to its target while it is open, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    /// It is killed.
    Killed,
    /// It stands still.
    Paused,
    /// Nothing reaches it.
    Cut,
    /// It is slow, or what it hears is late.
    Slow,
}

/// Open faults of one target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beaten(BTreeMap<u64, Blow>);

/// Faults of one target that are remembered at once: it has one at a time, so this is never reached
/// but by a wrong report.
const OPEN_MAX: usize = 16;

impl Blow {
    /// What a fault does while it is open. A member that is killed is told by its lives, not by this.
    pub fn of(fault: &Fault) -> Option<Self> {
        let named = |word: &str| fault.event.contains(word);
        match fault.kind {
            _ if named("pause") => Some(Self::Paused),
            _ if named("disconnect") => Some(Self::Cut),
            _ if named("delay") || named("lossy") || named("slow") => Some(Self::Slow),
            FaultKind::Silence => Some(Self::Cut),
            FaultKind::Other if named("crash") => Some(Self::Killed),
            FaultKind::Broker => Some(Self::Killed),
            _ => None,
        }
    }
}

impl Beaten {
    /// A fault began, or its end became known. Says whether that changes anything.
    pub fn hit(&mut self, fault: &Fault) -> bool {
        let Some(blow) = Blow::of(fault) else { return false };
        if fault.ended_at.is_some() || skipped(fault) {
            return self.0.remove(&fault.id).is_some();
        }
        if self.0.len() == OPEN_MAX {
            self.0.pop_first();
        }
        self.0.insert(fault.id, blow) != Some(blow)
    }

    /// Whatever was done to it is over.
    pub fn heal(&mut self) {
        self.0.clear();
    }

    /// The worst that is done to it now.
    pub fn worst(&self) -> Option<Blow> {
        self.0.values().min().copied()
    }
}

/// Whether it never happened: an event that was not possible when its time came.
fn skipped(fault: &Fault) -> bool {
    fault.effect.starts_with("skipped:")
}
