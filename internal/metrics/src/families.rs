//! The families of a run, and how each follows the judge's totals.

use coordinator::{CheckpointFigures, Class, Figures, Totals, Verdict};
use prometheus::{
    Counter, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
};

use crate::checkpoints::CheckpointFamilies;
use crate::live::LiveFamilies;
use crate::process::ProcessFamilies;
use crate::register::Register;
use crate::table::{self, COUNTERS, Family, GAUGES, SECONDS};
use crate::{Lag, MetricsError, Process, Usage};

/// Every family of a run.
pub(crate) struct RunFamilies {
    counters: Vec<(IntCounter, &'static Family<u64>)>,
    seconds: Vec<(Counter, &'static Family<f64>)>,
    gauges: Vec<(IntGauge, &'static Family<u64>)>,
    anomalies: IntCounterVec,
    workers: IntGaugeVec,
    rebalance_seconds: Histogram,
    rebalance_moved: Histogram,
    checkpoints: CheckpointFamilies,
    live: LiveFamilies,
    server: ProcessFamilies,
    totals: Totals,
}

impl RunFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let mut counters = Vec::new();
        for family in COUNTERS {
            counters.push((register.add(IntCounter::new(family.name, family.help))?, family));
        }
        let mut seconds = Vec::new();
        for family in SECONDS {
            seconds.push((register.add(Counter::new(family.name, family.help))?, family));
        }
        let mut gauges = Vec::new();
        for family in GAUGES {
            gauges.push((register.add(IntGauge::new(family.name, family.help))?, family));
        }
        let (name, help) = table::ANOMALIES;
        let anomalies = register.add(IntCounterVec::new(Opts::new(name, help), &["class"]))?;
        let (name, help) = table::WORKERS;
        let workers = register.add(IntGaugeVec::new(Opts::new(name, help), &["state"]))?;
        Ok(Self {
            counters,
            seconds,
            gauges,
            anomalies,
            workers,
            rebalance_seconds: histogram(register, table::REBALANCE_SECONDS)?,
            rebalance_moved: histogram(register, table::REBALANCE_MOVED)?,
            checkpoints: CheckpointFamilies::new(register)?,
            live: LiveFamilies::new(register)?,
            server: ProcessFamilies::new(register, Process::Server)?,
            totals: Totals::default(),
        })
    }

    pub fn update(&mut self, totals: &Totals) {
        for (counter, family) in &self.counters {
            raise(counter, (family.of)(totals));
        }
        for (counter, family) in &self.seconds {
            raise_real(counter, (family.of)(totals));
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
        self.live.update(totals);
        self.totals = totals.clone();
    }

    pub fn judged(&mut self, verdict: Verdict) {
        self.live.judged(verdict, &self.totals);
    }

    pub fn figures(&mut self, figures: &Figures) {
        self.live.figures(figures);
    }

    pub fn lag(&self, lag: &Lag) {
        self.live.lag(lag);
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

    pub fn server(&mut self, usage: &Usage) {
        self.server.update(usage);
    }
}

fn histogram(
    register: &mut Register,
    (name, help, buckets): (&str, &str, &[f64]),
) -> Result<Histogram, MetricsError> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    register.add(Histogram::with_opts(options))
}

/// Brings a counter up to `total`; it never goes down.
pub(crate) fn raise(counter: &IntCounter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

/// The same for one that is no whole number. A sum that became NaN would stay so.
pub(crate) fn raise_real(counter: &Counter, total: f64) {
    let more = total - counter.get();
    if more.is_finite() && more > 0.0 {
        counter.inc_by(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_counter_never_goes_down_and_stays_a_number() {
        let counter = Counter::new("a", "b").unwrap();
        for (total, shown) in
            [(2.5, 2.5), (1.0, 2.5), (f64::NAN, 2.5), (f64::INFINITY, 2.5), (3.0, 3.0)]
        {
            raise_real(&counter, total);
            assert_eq!(counter.get(), shown, "{total}");
        }
    }
}
