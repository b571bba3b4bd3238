//! The families of a producer, a worker and a chaos controller in processes of their own: what each
//! knows of itself. The judge shows what becomes of it.

use std::collections::BTreeMap;

use config::ChaosEvent;
use coordinator::{ProducerReport, WorkerReport};
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts};

use crate::MetricsError;
use crate::families::raise;
use crate::register::Register;
use crate::spans::Spans;
use crate::table::roles as named;

/// A counter, and the figure of a report that it shows.
type Counted<R> = (IntCounter, fn(&R) -> u64);

/// What a producer shows.
pub(crate) struct ProducerFamilies {
    counters: Vec<Counted<ProducerReport>>,
    in_doubt: IntGauge,
    partitions: IntGauge,
    publishing: Spans,
}

impl ProducerFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let mut counters = Vec::new();
        for (name, help, of) in named::PRODUCER {
            counters.push((register.add(IntCounter::new(*name, *help))?, *of));
        }
        let mut gauge = |(name, help): (&str, &str)| register.add(IntGauge::new(name, help));
        let in_doubt = gauge(named::PRODUCER_IN_DOUBT)?;
        let partitions = gauge(named::PRODUCER_PARTITIONS)?;
        let (name, help) = named::PRODUCER_PUBLISHING;
        let publishing = register.add(Spans::new(name, help))?;
        Ok(Self { counters, in_doubt, partitions, publishing })
    }

    pub fn update(&self, report: &ProducerReport) {
        for (counter, of) in &self.counters {
            raise(counter, of(report));
        }
        let doubts = report.partitions.values().flat_map(|sent| &sent.in_doubt);
        let in_doubt = doubts.map(|range| range.count()).sum::<u64>();
        self.in_doubt.set(in_doubt.try_into().unwrap_or(i64::MAX));
        self.partitions.set(report.partitions.len().try_into().unwrap_or(i64::MAX));
        report.publishing.iter().for_each(|publishing| self.publishing.show(publishing));
    }
}

/// What a worker shows.
pub(crate) struct WorkerFamilies {
    counters: Vec<Counted<WorkerReport>>,
    owned: IntGauge,
    leading: IntGauge,
    processing: Spans,
}

impl WorkerFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let mut counters = Vec::new();
        for (name, help, of) in named::WORKER {
            counters.push((register.add(IntCounter::new(*name, *help))?, *of));
        }
        let mut gauge = |(name, help): (&str, &str)| register.add(IntGauge::new(name, help));
        let owned = gauge(named::WORKER_OWNED)?;
        let leading = gauge(named::WORKER_LEADING)?;
        let (name, help) = named::WORKER_PROCESSING;
        let processing = register.add(Spans::new(name, help))?;
        Ok(Self { counters, owned, leading, processing })
    }

    pub fn update(&self, report: &WorkerReport) {
        for (counter, of) in &self.counters {
            raise(counter, of(report));
        }
        report.durations.iter().for_each(|durations| self.processing.show(durations));
    }

    pub fn holds(&self, owned: u32, leads: bool) {
        self.owned.set(owned.into());
        self.leading.set(leads.into());
    }
}

/// What a chaos controller has done and will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChaosFigures {
    /// Events that were carried out, by name.
    pub done: BTreeMap<String, u64>,
    /// Events that could not be carried out.
    pub skipped: u64,
    /// Faults that have not ended.
    pub open: u64,
    /// Events of the schedule that are to come.
    pub planned: u64,
}

/// What a chaos controller shows.
pub(crate) struct ChaosFamilies {
    events: IntCounterVec,
    skipped: IntCounter,
    open: IntGauge,
    planned: IntGauge,
}

impl ChaosFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let (name, help) = named::CHAOS_EVENTS;
        let events = register.add(IntCounterVec::new(Opts::new(name, help), &["event"]))?;
        for event in ChaosEvent::ALL {
            events.with_label_values(&[event.name()]);
        }
        let (name, help) = named::CHAOS_SKIPPED;
        let skipped = register.add(IntCounter::new(name, help))?;
        let mut gauge = |(name, help): (&str, &str)| register.add(IntGauge::new(name, help));
        let (open, planned) = (gauge(named::CHAOS_OPEN)?, gauge(named::CHAOS_PLANNED)?);
        Ok(Self { events, skipped, open, planned })
    }

    pub fn update(&self, figures: &ChaosFigures) {
        for event in ChaosEvent::ALL {
            let done = figures.done.get(event.name()).copied().unwrap_or_default();
            raise(&self.events.with_label_values(&[event.name()]), done);
        }
        raise(&self.skipped, figures.skipped);
        self.open.set(figures.open.try_into().unwrap_or(i64::MAX));
        self.planned.set(figures.planned.try_into().unwrap_or(i64::MAX));
    }
}
