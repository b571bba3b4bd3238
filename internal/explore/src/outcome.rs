//! What became of one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use coordinator::{Anomalies, Class, Report, Verdict};
use serde::Serialize;

use crate::situations::met;

/// How the run of a seed ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was judged.
    Judged(Verdict),
    /// Something in it panicked, with these words.
    Panicked(String),
    /// It did not come to an end in its own time.
    Hung(String),
    /// It did not come to an end in real time, and its own stood still: it cannot be stopped.
    Stuck(String),
    /// It could not be run or judged.
    Unjudged(String),
}

impl Fate {
    /// Whether the seed is to be looked at. A run that is inconclusive is not: what one seed did not
    /// exercise, others do.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Judged(Verdict::Pass | Verdict::Inconclusive))
    }

    /// The exit code that a single run would have: a panic is no less than a wrong result, and a
    /// run without an end has not drained.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Judged(verdict) => verdict.exit_code(),
            Self::Panicked(_) => Verdict::Correctness.exit_code(),
            Self::Hung(_) | Self::Stuck(_) => Verdict::Liveness.exit_code(),
            Self::Unjudged(_) => Verdict::Environment.exit_code(),
        }
    }

    /// In one word, for tables.
    pub fn word(&self) -> String {
        match self {
            Self::Judged(verdict) => verdict.to_string(),
            Self::Panicked(_) => "panicked".into(),
            Self::Hung(_) => "hung".into(),
            Self::Stuck(_) => "stuck".into(),
            Self::Unjudged(_) => "unjudged".into(),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())?;
        match self {
            Self::Judged(_) => Ok(()),
            Self::Panicked(why) | Self::Hung(why) | Self::Stuck(why) | Self::Unjudged(why) => {
                write!(f, ": {why}")
            }
        }
    }
}

/// Faults of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// How many there were.
    pub happened: u64,
    /// How many were to be, and could not.
    pub skipped: u64,
}

/// What became of one seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub fate: Fate,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// What went wrong, counted.
    pub anomalies: Anomalies,
    /// Faults by event.
    pub faults: BTreeMap<String, Faults>,
    /// How often it came across what a campaign has to come across.
    pub met: BTreeMap<String, u64>,
    /// Messages that were sent.
    pub messages: u64,
    /// How long it lasted in its own time.
    pub virtual_seconds: f64,
    /// Hash of everything that happened at its broker.
    pub trace_hash: String,
}

impl Outcome {
    /// Of a run that was judged.
    pub fn judged(seed: u64, report: &Report) -> Self {
        let faults = report.fault_summaries.iter().map(|fault| {
            (fault.event.clone(), Faults { happened: fault.count, skipped: fault.skipped })
        });
        let (virtual_seconds, trace_hash) = match &report.virtual_time {
            Some(figures) => (figures.virtual_seconds, figures.trace_hash.clone()),
            None => Default::default(),
        };
        Self {
            seed,
            fate: Fate::Judged(report.verdict),
            reasons: report.reasons.clone(),
            anomalies: report.anomalies,
            faults: faults.collect(),
            met: met(report),
            messages: report.totals.sent,
            virtual_seconds,
            trace_hash,
        }
    }

    /// Of a run without a verdict.
    pub fn unfinished(seed: u64, fate: Fate) -> Self {
        Self {
            seed,
            reasons: vec![fate.to_string()],
            fate,
            anomalies: Anomalies::default(),
            faults: BTreeMap::new(),
            met: BTreeMap::new(),
            messages: 0,
            virtual_seconds: 0.0,
            trace_hash: String::new(),
        }
    }

    /// Whether another run fails in the same way: the same fate, and a class of anomaly in common.
    /// Making a scenario smaller must not end with another failure than it began with.
    pub fn fails_like(&self, other: &Self) -> bool {
        let classes = |outcome: &Self| -> BTreeSet<Class> {
            outcome.anomalies.found().map(|(class, _)| class).collect()
        };
        let (own, others) = (classes(self), classes(other));
        self.fate.is_failure()
            && self.fate.word() == other.fate.word()
            && (own.is_empty() && others.is_empty() || !own.is_disjoint(&others))
    }
}
