//! The families of checkpoints. A run without any shows no size, time or age: a zero would look like
//! a checkpoint of this moment.

use coordinator::CheckpointFigures;
use prometheus::{Counter, GaugeVec, Opts};

use crate::MetricsError;
use crate::families::raise_real;
use crate::register::Register;
use crate::table::{CHECKPOINT_COUNTERS, CHECKPOINT_GAUGES, CheckpointFamily};

/// Every family of checkpoints.
pub(crate) struct CheckpointFamilies {
    counters: Vec<(Counter, &'static CheckpointFamily)>,
    gauges: Vec<(GaugeVec, &'static CheckpointFamily)>,
}

impl CheckpointFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let (mut counters, mut gauges) = (Vec::new(), Vec::new());
        for family in CHECKPOINT_COUNTERS {
            counters.push((register.add(Counter::new(family.name, family.help))?, family));
        }
        for family in CHECKPOINT_GAUGES {
            // A family "by no label" has no sample until one is set, unlike a plain one.
            let gauge = GaugeVec::new(Opts::new(family.name, family.help), &[]);
            gauges.push((register.add(gauge)?, family));
        }
        Ok(Self { counters, gauges })
    }

    pub fn update(&self, figures: &CheckpointFigures) {
        for (counter, family) in &self.counters {
            raise_real(counter, (family.of)(figures).unwrap_or_default());
        }
        let none: &[&str] = &[];
        for (gauge, family) in &self.gauges {
            if let Some(value) = (family.of)(figures) {
                gauge.with_label_values(none).set(value);
            }
        }
    }
}
