//! The families of a run that change their labels, or are counted by somebody else than the totals:
//! the verdict so far, who leads, who owns how much, which faults happened, how long things take.

use std::collections::BTreeMap;

use config::ChaosEvent;
use coordinator::{Figures, Totals, Verdict};
use prometheus::{GaugeVec, IntCounter, IntCounterVec, IntGaugeVec, Opts};

use crate::changing::{Changing, SERIES_MAX};
use crate::families::raise;
use crate::register::Register;
use crate::spans::Spans;
use crate::table::live as named;
use crate::{Lag, MetricsError};

/// Partitions that are shown one by one at most.
const PARTITIONS_MAX: usize = 10_000;

/// The label of a fault whose name is none of ours.
const OTHER: &str = "other";

/// Every one of these families.
pub(crate) struct LiveFamilies {
    verdict: IntGaugeVec,
    given: Option<Verdict>,
    leader: Changing,
    partitions: Changing,
    load: Changing,
    faults: IntCounterVec,
    shed: IntCounter,
    end_to_end: Spans,
    processing: Spans,
    publishing: Spans,
    lag_seconds: GaugeVec,
    lag_records: IntGaugeVec,
    partition_in_flight: Changing,
    partition_owner: Changing,
}

impl LiveFamilies {
    pub fn new(register: &mut Register) -> Result<Self, MetricsError> {
        let mut gauge = |(name, help): (&str, &str), labels: &[&str]| {
            register.add(GaugeVec::new(Opts::new(name, help), labels))
        };
        let leader = Changing::new(gauge(named::LEADER, &["member"])?, 1);
        let partitions = Changing::new(gauge(named::WORKER_PARTITIONS, &["worker"])?, SERIES_MAX);
        let load = Changing::new(gauge(named::WORKER_LOAD, &["worker"])?, SERIES_MAX);
        let in_flight = gauge(named::PARTITION_IN_FLIGHT, &["partition"])?;
        let owner = gauge(named::PARTITION_OWNER, &["partition", "worker"])?;
        let lag_seconds = gauge(named::LAG_SECONDS, &[])?;
        let opts = |(name, help): (&str, &str)| Opts::new(name, help);
        let families = Self {
            verdict: register.add(IntGaugeVec::new(opts(named::VERDICT), &["verdict"]))?,
            given: None,
            leader,
            partitions,
            load,
            faults: register.add(IntCounterVec::new(opts(named::FAULTS), &["event"]))?,
            shed: register.add(IntCounter::with_opts(opts(named::SHED)))?,
            end_to_end: register.add(Spans::new(named::END_TO_END.0, named::END_TO_END.1))?,
            processing: register.add(Spans::new(named::PROCESSING.0, named::PROCESSING.1))?,
            publishing: register.add(Spans::new(named::PUBLISHING.0, named::PUBLISHING.1))?,
            lag_seconds,
            lag_records: register.add(IntGaugeVec::new(opts(named::LAG_RECORDS), &["stream"]))?,
            partition_in_flight: Changing::new(in_flight, PARTITIONS_MAX),
            partition_owner: Changing::new(owner, PARTITIONS_MAX),
        };
        // From the start, so that the first fault is a step that a rate can see.
        for event in ChaosEvent::ALL {
            families.faults.with_label_values(&[event.name()]);
        }
        Ok(families)
    }

    /// The verdict so far, and who leads.
    pub fn update(&mut self, totals: &Totals) {
        let now = self.given.unwrap_or_else(|| so_far(totals));
        for verdict in VERDICTS {
            let is_it = i64::from(verdict == now);
            self.verdict.with_label_values(&[verdict.to_string()]).set(is_it);
        }
        let leader = totals.leader.iter().map(|leader| (vec![leader.to_string()], 1.0));
        self.leader.show(leader);
    }

    /// The run was judged.
    pub fn judged(&mut self, verdict: Verdict, totals: &Totals) {
        self.given = Some(verdict);
        self.update(totals);
    }

    pub fn figures(&mut self, figures: &Figures) {
        let shares =
            || figures.shares.iter().map(|(worker, share)| (vec![worker.to_string()], share));
        self.partitions.show(shares().map(|(labels, share)| (labels, share.partitions.into())));
        self.load.show(shares().map(|(labels, share)| (labels, share.load)));
        self.count_faults(&figures.faults);
        raise(&self.shed, figures.shed);
        self.end_to_end.show(&figures.end_to_end);
        self.processing.show(&figures.processing);
        self.publishing.show(&figures.publishing);
        let each = || figures.partitions.iter().enumerate();
        let in_flight = |(p, partition): (usize, &coordinator::PartitionFigures)| {
            (vec![p.to_string()], partition.in_flight as f64)
        };
        self.partition_in_flight.show(each().map(in_flight));
        self.partition_owner.show(each().filter_map(|(p, partition)| {
            Some((vec![p.to_string(), partition.owner.as_ref()?.to_string()], 1.0))
        }));
    }

    fn count_faults(&self, faults: &BTreeMap<String, u64>) {
        let mut other = 0;
        for (event, count) in faults {
            match ChaosEvent::ALL.iter().find(|known| known.name() == event) {
                Some(known) => raise(&self.faults.with_label_values(&[known.name()]), *count),
                None => other += count,
            }
        }
        if other > 0 {
            raise(&self.faults.with_label_values(&[OTHER]), other);
        }
    }

    pub fn lag(&self, lag: &Lag) {
        let none: &[&str] = &[];
        self.lag_seconds.with_label_values(none).set(lag.seconds);
        for (stream, records) in [("messages", lag.messages), ("ledger", lag.ledger)] {
            let records = records.try_into().unwrap_or(i64::MAX);
            self.lag_records.with_label_values(&[stream]).set(records);
        }
    }
}

/// Every verdict.
const VERDICTS: [Verdict; 6] = [
    Verdict::Running,
    Verdict::Pass,
    Verdict::Correctness,
    Verdict::Liveness,
    Verdict::Inconclusive,
    Verdict::Environment,
];

/// What the verdict would be for what was found so far; nothing found is no verdict yet.
fn so_far(totals: &Totals) -> Verdict {
    let wrong =
        |liveness| totals.anomalies.found().any(|(class, _)| class.is_liveness() == liveness);
    match (wrong(false), wrong(true)) {
        (true, _) => Verdict::Correctness,
        (false, true) => Verdict::Liveness,
        (false, false) => Verdict::Running,
    }
}
