//! What the two ends reported last, summed up.

use std::collections::BTreeMap;

use model::{Durations, ProducerId};
use parti::MemberId;
use parti::records::Session;
use serde::{Deserialize, Serialize};

use crate::{ProducerReport, WorkerReport};

/// Lives of workers that are kept apart; beyond it those that are over are only summed up.
const WORKERS_MAX: usize = 1_024;

/// Counters of one producer.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub retries: u64,
    pub rejected: u64,
    pub recovered: u64,
    #[serde(default)]
    pub shed: u64,
    #[serde(default)]
    pub publishing: Durations,
}

/// What others say of themselves is added up whatever it is.
impl Sent {
    fn plus(self, other: Sent) -> Sent {
        let mut publishing = self.publishing;
        publishing.add_all(&other.publishing);
        Sent {
            retries: self.retries.saturating_add(other.retries),
            rejected: self.rejected.saturating_add(other.rejected),
            recovered: self.recovered.saturating_add(other.recovered),
            shed: self.shed.saturating_add(other.shed),
            publishing,
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Producer {
    order: (u64, model::Timestamp),
    earlier: Sent,
    current: Sent,
    in_doubt: u64,
    finished: bool,
}

/// Every producer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Producers(BTreeMap<ProducerId, Producer>);

impl Producers {
    /// Takes the counters of a report, unless a newer one was taken before.
    pub fn record(&mut self, report: &ProducerReport) {
        let known = self.0.entry(report.producer.clone()).or_default();
        let order = (report.session, report.at);
        if order < known.order {
            return;
        }
        if report.session > known.order.0 {
            known.earlier = known.earlier.plus(known.current);
        }
        let (retries, rejected, recovered) = (report.retries, report.rejected, report.recovered);
        known.order = order;
        known.current = Sent {
            retries,
            rejected,
            recovered,
            shed: report.shed,
            publishing: report.publishing.unwrap_or_default(),
        };
        let open = report.partitions.values().flat_map(|sent| &sent.in_doubt);
        known.in_doubt = open.fold(0, |sum, range| sum.saturating_add(range.count()));
        known.finished = report.finished;
    }

    /// Every producer is started again: whoever had finished sends more.
    pub fn expect_again(&mut self) {
        self.0.values_mut().for_each(|producer| producer.finished = false);
    }

    /// What they counted, together.
    pub fn sums(&self) -> Sent {
        let all = self.0.values().map(|producer| producer.earlier.plus(producer.current));
        all.fold(Sent::default(), Sent::plus)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Publishes in doubt at the moment.
    pub fn in_doubt(&self) -> u64 {
        self.0.values().fold(0, |sum, producer| sum.saturating_add(producer.in_doubt))
    }

    /// Producers that said so far that they will send nothing more, and producers.
    pub fn finished(&self) -> (u32, u32) {
        let finished = self.0.values().filter(|producer| producer.finished).count();
        (finished as u32, self.0.len() as u32)
    }
}

/// What workers did.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Work {
    pub attempts: u64,
    pub failures: u64,
    pub fenced: u64,
    #[serde(default)]
    pub processing: Durations,
}

impl Work {
    fn plus(self, report: &WorkerReport) -> Work {
        let mut processing = self.processing;
        report.durations.iter().for_each(|durations| processing.add_all(durations));
        Work {
            processing,
            attempts: self.attempts.saturating_add(report.attempts),
            failures: self.failures.saturating_add(report.failures),
            fenced: self.fenced.saturating_add(report.fenced),
        }
    }
}

/// Every worker.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Workers {
    #[serde(with = "crate::pairs")]
    lives: BTreeMap<(Session, MemberId), WorkerReport>,
    over: Work,
}

impl Workers {
    /// Takes a report, unless a newer one of the same life was taken before. Says how many effects
    /// more were refused than it had said before.
    pub fn record(&mut self, report: WorkerReport) -> u64 {
        let key = (report.session, report.member.clone());
        if self.lives.get(&key).is_some_and(|known| known.at > report.at) {
            return 0;
        }
        let fenced = report.fenced;
        let before = self.lives.insert(key, report).map_or(0, |before| before.fenced);
        if self.lives.len() > WORKERS_MAX {
            let over = self.lives.iter().find(|(_, report)| report.finished);
            let oldest = over.map(|(key, _)| key.clone());
            if let Some(report) = oldest.and_then(|key| self.lives.remove(&key)) {
                self.over = self.over.plus(&report);
            }
        }
        fenced.saturating_sub(before)
    }

    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// What they did, together.
    pub fn sums(&self) -> Work {
        self.lives.values().fold(self.over, Work::plus)
    }
}
