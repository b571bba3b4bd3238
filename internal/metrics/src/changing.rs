//! Gauges whose labels come and go: a member that is gone is shown no longer, and there are never
//! more series than the bound.

use std::collections::BTreeSet;

use prometheus::GaugeVec;

/// Series of one family at most: more than the members of any run that is not one per partition.
pub(crate) const SERIES_MAX: usize = 1_000;

/// A gauge with one series for each of those that are there now.
pub(crate) struct Changing {
    gauge: GaugeVec,
    shown: BTreeSet<Vec<String>>,
    most: usize,
}

impl Changing {
    pub fn new(gauge: GaugeVec, most: usize) -> Self {
        Self { gauge, shown: BTreeSet::new(), most }
    }

    /// Shows these labels with these values, and no others.
    pub fn show(&mut self, now: impl Iterator<Item = (Vec<String>, f64)>) {
        let mut gone = std::mem::take(&mut self.shown);
        for (labels, value) in now.take(self.most) {
            self.gauge.with_label_values(&labels).set(value);
            gone.remove(&labels);
            self.shown.insert(labels);
        }
        for labels in gone {
            // It was shown, so it is there.
            let _ = self.gauge.remove_label_values(&labels);
        }
    }
}
