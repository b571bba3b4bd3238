//! All faults of one name together: for the table of the report, and so that nothing is lost when
//! there are too many faults to keep each.

use serde::{Deserialize, Serialize};

use crate::aftermath::{Known, is_skipped, seconds};

/// All faults of one name, those that are not kept one by one included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultSummary {
    /// The name, such as `worker_crash`.
    pub event: String,
    /// How many there were.
    pub count: u64,
    /// How many were to be, and were skipped.
    pub skipped: u64,
    /// Partitions that moved, see [`Impact`](crate::Impact); what several faults share counts for
    /// each of them.
    pub moved: u64,
    /// Moves that were unavoidable.
    pub needed: u64,
    /// Partitions that others claimed over the targets' unreleased claims.
    pub taken_over: u64,
    /// Partition-seconds without an owner.
    pub unowned_seconds: f64,
    /// The longest time without an owner of one partition.
    pub unowned_max_seconds: f64,
    /// Partition-seconds that a zombie held what somebody else had claimed.
    pub doubly_processed_seconds: f64,
    /// Messages whose effect was refused to the targets.
    pub fenced: u64,
    /// Median time until everything was stable, of those faults that are kept.
    pub stable_median_seconds: Option<f64>,
    /// The longest time until everything was stable.
    pub stable_max_seconds: Option<f64>,
    /// After how many of them everything never was stable.
    pub never_stable: u64,
}

/// What faults of one name add up to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub count: u64,
    skipped: u64,
    moved: u64,
    needed: u64,
    pub taken_over: u64,
    unowned_micros: u64,
    unowned_max_micros: u64,
    doubly_micros: u64,
    fenced: u64,
    stable_max_micros: Option<u64>,
    never_stable: u64,
}

impl Sum {
    pub fn add(&mut self, known: &Known) {
        if is_skipped(&known.fault) {
            self.skipped += 1;
            return;
        }
        self.count += 1;
        self.moved += known.moved;
        self.needed += known.needed;
        self.taken_over += known.taken_over;
        self.unowned_micros = self.unowned_micros.saturating_add(known.unowned_micros);
        self.unowned_max_micros = self.unowned_max_micros.max(known.unowned_max_micros);
        self.doubly_micros = self.doubly_micros.saturating_add(known.doubly_micros);
        self.fenced += known.fenced;
        self.stable_max_micros = self.stable_max_micros.max(known.stable_micros);
        self.never_stable += u64::from(known.stable_micros.is_none());
    }

    /// As the report says it; `stable` are the times of the faults that are kept.
    pub fn summary(&self, event: &str, mut stable: Vec<u64>) -> FaultSummary {
        stable.sort_unstable();
        let median = stable.get(stable.len().saturating_sub(1) / 2).copied();
        FaultSummary {
            event: event.to_owned(),
            count: self.count,
            skipped: self.skipped,
            moved: self.moved,
            needed: self.needed,
            taken_over: self.taken_over,
            unowned_seconds: seconds(self.unowned_micros),
            unowned_max_seconds: seconds(self.unowned_max_micros),
            doubly_processed_seconds: seconds(self.doubly_micros),
            fenced: self.fenced,
            stable_median_seconds: median.map(seconds),
            stable_max_seconds: self.stable_max_micros.map(seconds),
            never_stable: self.never_stable,
        }
    }
}
