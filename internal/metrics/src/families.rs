//! The families in a registry, and how each follows the judge's totals.

use coordinator::{CheckpointFigures, Class, Totals};
use prometheus::core::Collector;
use prometheus::{
    Counter, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use crate::checkpoints::CheckpointFamilies;
use crate::process::ProcessFamilies;
use crate::table::{self, COUNTERS, Family, GAUGES, SECONDS};
use crate::{MetricsError, Process, Usage};

/// Every family of a run.
pub(crate) struct Families {
    counters: Vec<(IntCounter, &'static Family<u64>)>,
    seconds: Vec<(Counter, &'static Family<f64>)>,
    gauges: Vec<(IntGauge, &'static Family<u64>)>,
    anomalies: IntCounterVec,
    workers: IntGaugeVec,
    rebalance_seconds: Histogram,
    rebalance_moved: Histogram,
    checkpoints: CheckpointFamilies,
    own: ProcessFamilies,
    server: ProcessFamilies,
}

impl Families {
    pub fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let mut counters = Vec::new();
        for family in COUNTERS {
            counters.push((add(registry, IntCounter::new(family.name, family.help))?, family));
        }
        let mut seconds = Vec::new();
        for family in SECONDS {
            seconds.push((add(registry, Counter::new(family.name, family.help))?, family));
        }
        let mut gauges = Vec::new();
        for family in GAUGES {
            gauges.push((add(registry, IntGauge::new(family.name, family.help))?, family));
        }
        let (name, help) = table::ANOMALIES;
        let anomalies = add(registry, IntCounterVec::new(Opts::new(name, help), &["class"]))?;
        let (name, help) = table::WORKERS;
        let workers = add(registry, IntGaugeVec::new(Opts::new(name, help), &["state"]))?;
        Ok(Self {
            counters,
            seconds,
            gauges,
            anomalies,
            workers,
            rebalance_seconds: histogram(registry, table::REBALANCE_SECONDS)?,
            rebalance_moved: histogram(registry, table::REBALANCE_MOVED)?,
            checkpoints: CheckpointFamilies::new(registry)?,
            own: ProcessFamilies::new(registry, Process::Own)?,
            server: ProcessFamilies::new(registry, Process::Server)?,
        })
    }

    pub fn update(&mut self, totals: &Totals) {
        for (counter, family) in &self.counters {
            raise(counter, (family.of)(totals));
        }
        for (counter, family) in &self.seconds {
            let more = (family.of)(totals) - counter.get();
            if more.is_finite() && more > 0.0 {
                counter.inc_by(more);
            }
        }
        for (gauge, family) in &self.gauges {
            gauge.set((family.of)(totals).try_into().unwrap_or(i64::MAX));
        }
        for class in Class::ALL {
            let label = [table::class_label(class)];
            raise(&self.anomalies.with_label_values(&label), totals.anomalies.of(class));
        }
        for (state, count) in table::states(&totals.workers) {
            self.workers.with_label_values(&[state]).set(count.into());
        }
    }

    pub fn rebalance(&mut self, seconds: f64, moved: u32) {
        // A sum that became NaN would stay so.
        if seconds.is_finite() && seconds >= 0.0 {
            self.rebalance_seconds.observe(seconds);
        }
        self.rebalance_moved.observe(moved.into());
    }

    pub fn checkpoints(&self, figures: &CheckpointFigures) {
        self.checkpoints.update(figures);
    }

    pub fn usage(&mut self, process: Process, usage: &Usage) {
        match process {
            Process::Own => self.own.update(usage),
            Process::Server => self.server.update(usage),
        }
    }
}

/// Registers a family that was made.
fn add<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> Result<C, MetricsError> {
    let family = made?;
    registry.register(Box::new(family.clone()))?;
    Ok(family)
}

fn histogram(
    registry: &Registry,
    (name, help, buckets): (&str, &str, &[f64]),
) -> Result<Histogram, MetricsError> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    add(registry, Histogram::with_opts(options))
}

fn raise(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}
