//! What became of all seeds together. It is told of them in their order, so that it says the same
//! however many of them ran at once.

use std::collections::BTreeMap;

use coordinator::Class;
use serde::Serialize;

use crate::situations::wanted;
use crate::{Fate, Faults, Frame, Outcome};

/// The exit code of a campaign that never came across something it had to.
const INCONCLUSIVE: u8 = 4;
/// The most failures that are kept one by one.
const FAILED_MAX: usize = 1_000;

/// A seed that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub fate: Fate,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// What became of all seeds together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Campaign {
    /// How many seeds ran.
    pub seeds: u64,
    /// How many had which verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// In how many seeds each class of anomaly was found.
    pub anomalies: BTreeMap<String, u64>,
    /// Faults by event.
    pub faults: BTreeMap<String, Faults>,
    /// How often the campaign came across what it has to come across.
    pub met: BTreeMap<String, u64>,
    /// Messages that were sent.
    pub messages: u64,
    /// How long all of it lasted in its own time.
    pub virtual_seconds: f64,
    /// How many seeds failed.
    pub failures: u64,
    /// The first ones.
    pub failed: Vec<Failed>,
    /// The worst exit code of a seed that failed.
    #[serde(skip)]
    worst: Option<u8>,
}

impl Campaign {
    /// A campaign within `frame` that has run no seed.
    pub fn new(frame: &Frame) -> Self {
        let met = wanted(frame).map(|name| (name, 0)).collect();
        Self { met, ..Self::default() }
    }

    /// Takes what became of the next seed.
    pub fn take(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        *self.verdicts.entry(outcome.fate.word()).or_default() += 1;
        for (class, _) in outcome.anomalies.found() {
            *self.anomalies.entry(class.words().to_owned()).or_default() += 1;
        }
        for (event, faults) in &outcome.faults {
            let sum = self.faults.entry(event.clone()).or_default();
            sum.happened += faults.happened;
            sum.skipped += faults.skipped;
        }
        for (name, count) in &outcome.met {
            *self.met.entry(name.clone()).or_default() += count;
        }
        self.messages += outcome.messages;
        self.virtual_seconds += outcome.virtual_seconds;
        if outcome.fate.is_failure() {
            self.failures += 1;
            let code = outcome.fate.exit_code();
            self.worst = Some(self.worst.map_or(code, |worst| worst.min(code)));
            if self.failed.len() < FAILED_MAX {
                let (fate, reasons) = (outcome.fate.clone(), outcome.reasons.clone());
                self.failed.push(Failed { seed: outcome.seed, fate, reasons });
            }
        }
    }

    /// What it had to come across and never did.
    pub fn missed(&self) -> Vec<&str> {
        let missed = self.met.iter().filter(|(_, count)| **count == 0);
        missed.map(|(name, _)| name.as_str()).collect()
    }

    /// That of the worst seed: correctness before liveness before the environment. If none failed,
    /// the campaign passes, unless it never came across something.
    pub fn exit_code(&self) -> u8 {
        match self.worst {
            Some(worst) => worst,
            None if self.missed().is_empty() => 0,
            None => INCONCLUSIVE,
        }
    }

    /// The classes of anomalies that a verdict can stand on, with the number of seeds that had them.
    pub fn classes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Class::ALL.into_iter().map(|class| {
            (class.words(), self.anomalies.get(class.words()).copied().unwrap_or_default())
        })
    }
}
