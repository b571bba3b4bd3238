//! The faults that were injected: what explains a silence, and what was open when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::Timestamp;
use parti::MemberId;
use reports::{Fault, FaultKind};
use serde::{Deserialize, Serialize};

use crate::aftermath::{Known, is_skipped};
use crate::docket::before;
use crate::fault_summary::Sum;
use crate::{FaultEntry, FaultSummary};

/// Faults that are kept for the report and as explanations; older ones are only summed up.
const KEPT_MAX: usize = 2_000;
/// Names under which faults are summed up; what comes beyond it counts as [`REST`].
const EVENTS_MAX: usize = 64;
const REST: &str = "other events";

/// What is new about a fault that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Begun,
    Changed,
    Nothing,
}

/// Every fault so far, by its number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    pub kept: BTreeMap<u64, Known>,
    /// Open, or closed within the last lease.
    pub recent: BTreeSet<u64>,
    /// The newest fault of each target.
    pub newest: BTreeMap<String, u64>,
    count: u64,
    skipped: u64,
    dropped: u64,
    /// Faults up to this one are not kept.
    pub dropped_through: u64,
    sums: BTreeMap<String, Sum>,
    /// How many were carried out, by name.
    #[serde(default)]
    counts: BTreeMap<String, u64>,
}

impl Faults {
    /// Takes a fault; says what is new about it.
    pub fn record(&mut self, fault: Fault) -> News {
        if let Some(known) = self.kept.get_mut(&fault.id) {
            let changed = known.fault != fault;
            known.fault = fault;
            return if changed { News::Changed } else { News::Nothing };
        }
        if fault.id <= self.dropped_through {
            return News::Nothing;
        }
        match is_skipped(&fault) {
            true => self.skipped += 1,
            false => self.counted(&fault.event),
        }
        self.kept.insert(fault.id, Known::new(fault));
        if self.kept.len() > KEPT_MAX
            && let Some((id, known)) = self.kept.pop_first()
        {
            self.dropped += 1;
            self.dropped_through = id;
            self.recent.remove(&id);
            let event = &known.fault.event;
            let fits = self.sums.len() < EVENTS_MAX || self.sums.contains_key(event);
            let event = if fits { event.clone() } else { REST.to_owned() };
            self.sums.entry(event).or_default().add(&known);
        }
        News::Begun
    }

    fn counted(&mut self, event: &str) {
        self.count += 1;
        let fits = self.counts.len() < EVENTS_MAX || self.counts.contains_key(event);
        *self.counts.entry(if fits { event } else { REST }.to_owned()).or_default() += 1;
    }

    /// Faults that were carried out, by name.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Faults that were carried out.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Faults that were to be, and were not.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Faults that are only summed up.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Entries of its collections.
    pub fn entries(&self) -> usize {
        self.kept.len() + self.newest.len() + self.sums.len() + self.counts.len()
    }

    /// The faults that are kept and were carried out.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Fault> {
        let done = |fault: &&Fault| !is_skipped(fault);
        self.kept.values().map(|known| &known.fault).filter(done)
    }

    /// The faults that are kept, as the report says them.
    pub fn report(&self) -> Vec<FaultEntry> {
        self.kept.values().map(Known::entry).collect()
    }

    /// All faults by name.
    pub fn summaries(&self) -> Vec<FaultSummary> {
        let mut sums = self.sums.clone();
        let mut stable: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for known in self.kept.values() {
            let event = known.fault.event.as_str();
            sums.entry(event.to_owned()).or_default().add(known);
            stable.entry(event).or_default().extend(known.stable_micros);
        }
        let of = |event: &String| stable.get(event.as_str()).cloned().unwrap_or_default();
        sums.iter().map(|(event, sum)| sum.summary(event, of(event))).collect()
    }

    /// Whether a fault named `event` happened.
    pub fn happened(&self, event: &str) -> bool {
        let before = self.sums.get(event).is_some_and(|sum| sum.count > 0);
        before || self.iter().any(|fault| fault.event == event)
    }

    /// Whether a fault named `event` made others take over from its target.
    pub fn took_over(&self, event: &str) -> bool {
        let before = self.sums.get(event).is_some_and(|sum| sum.taken_over > 0);
        let mut kept = self.kept.values().filter(|known| known.fault.event == event);
        before || kept.any(|known| known.taken_over > 0)
    }

    /// The faults that were open at some time of `from..=to`, or over for no longer than `lease`
    /// then, of those that may be `behind` it, in words: the newest ones.
    pub fn open(
        &self,
        from: Timestamp,
        to: Timestamp,
        lease: Duration,
        behind: impl Fn(&Fault) -> bool,
    ) -> Vec<String> {
        const NAMED_MAX: usize = 8;
        let from = before(from, lease);
        let open = self.iter().rev().filter(|fault| behind(fault) && fault.overlaps(from, to));
        open.take(NAMED_MAX).map(Fault::words).collect()
    }

    /// Whether every fault of a time is still kept.
    pub fn reach_back_to(&self, at: Timestamp) -> bool {
        let first = self.kept.values().next();
        self.dropped == 0 || first.is_some_and(|known| known.fault.at <= at)
    }

    /// A fault that explains why `member` could not be heard at some time of `from..=to`.
    pub fn silencing(&self, member: &MemberId, from: Timestamp, to: Timestamp) -> Option<&Fault> {
        self.iter().rev().find(|fault| {
            matches!(fault.kind, FaultKind::Silence | FaultKind::Broker)
                && fault.hits(member)
                && fault.overlaps(from, to)
        })
    }
}
