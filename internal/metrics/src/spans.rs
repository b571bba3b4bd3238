//! A histogram whose counts come from elsewhere: who took how long is counted where it happens, and
//! is added up by the judge.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Durations;
use prometheus::core::{Collector, Desc};
use prometheus::proto;

/// A histogram of durations. Clones are the same.
#[derive(Clone)]
pub(crate) struct Spans {
    desc: Desc,
    newest: Arc<Mutex<Durations>>,
}

impl Spans {
    pub fn new(name: &str, help: &str) -> prometheus::Result<Self> {
        let desc = Desc::new(name.into(), help.into(), vec![], Default::default())?;
        Ok(Self { desc, newest: Arc::default() })
    }

    /// Shows `durations`. Fewer than before are ignored: what is counted never becomes less.
    pub fn show(&self, durations: &Durations) {
        let mut newest = self.lock();
        if durations.count() > newest.count() {
            *newest = *durations;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Durations> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Spans {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let durations = *self.lock();
        let buckets = durations.cumulative().map(|(bound, count)| {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound.as_secs_f64());
            bucket.set_cumulative_count(count);
            bucket
        });
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(durations.count());
        histogram.set_sample_sum(durations.sum().as_secs_f64());
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}
