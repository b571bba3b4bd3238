//! The first line of a history: what it is, and by what it is judged.

use std::time::Duration;

use coordinator::{JudgeSettings, Promise, Required};
use model::{Seed, Timestamp, Weights};
use reports::seconds;
use serde::{Deserialize, Serialize};

use crate::error::Wrong;

/// The version of the format; another one is refused.
pub const VERSION: u64 = 1;

/// As many as a configuration may have: the judge has an account for each.
const PARTITIONS_MAX: u32 = 100_000;

/// The first line. Only `kind`, `version` and `partitions` are needed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    kind: Kind,
    /// The version of the format.
    pub version: u64,
    /// How many partitions there are.
    pub partitions: u32,
    /// What is promised for every message.
    #[serde(default)]
    pub promise: Word,
    /// Of at-least-once: how long after a fault a message may still be delivered again because of
    /// it; seconds on the wire.
    #[serde(with = "seconds", default = "reach")]
    pub reach: Duration,
    /// What they weigh, if they differ.
    #[serde(default)]
    pub weights: Option<Weights>,
    /// How long a member may be silent before it counts as gone; seconds on the wire.
    #[serde(with = "seconds", default = "lease")]
    pub lease: Duration,
    /// How long a partition may be without an owner after a fault; without it, for ever.
    #[serde(with = "seconds::optional", default)]
    pub unowned_bound: Option<Duration>,
    /// How long a partition may be without an owner at the beginning; without it, for ever.
    #[serde(with = "seconds::optional", default)]
    pub startup_bound: Option<Duration>,
    /// A partition whose newest effect is older than this at the end no longer progresses.
    #[serde(with = "seconds::optional", default)]
    pub stall: Option<Duration>,
    /// The least time that a handler takes: an effect that comes sooner was recorded before it.
    #[serde(default, with = "reports::seconds")]
    pub processing_min: Duration,
    /// Whether partitions must not move without need.
    #[serde(default)]
    pub sticky: bool,
    /// What the run has to exercise, lest it be inconclusive.
    #[serde(default)]
    pub required: Vec<Required>,
    /// When the run began.
    #[serde(default)]
    pub started_at: Timestamp,
    /// The seed of the run.
    #[serde(default = "no_seed")]
    pub seed: Seed,
    /// The commit that the program was built from which recorded it.
    #[serde(default)]
    pub commit: String,
    /// How much the judge had been told before: the file goes on where an earlier one was left.
    #[serde(default)]
    pub after: u64,
    /// The configuration of the run.
    #[serde(default)]
    pub config: serde_json::Value,
}

/// It says what the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    History,
}

/// A promise, in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// One effect, in order.
    #[default]
    ExactlyOnce,
    /// One effect or more: another one has to be explained by a fault.
    AtLeastOnce,
}

/// Only the parts of a header that every version has.
#[derive(Deserialize)]
struct Any {
    kind: Option<String>,
    version: Option<u64>,
}

fn lease() -> Duration {
    Duration::from_secs(10)
}

/// Twice the time that a server waits for an acknowledgement unless it is told otherwise.
fn reach() -> Duration {
    Duration::from_secs(60)
}

fn no_seed() -> Seed {
    Seed(0)
}

impl Header {
    /// Of a run that is judged by `settings`.
    pub fn new(settings: JudgeSettings, seed: Seed, commit: &str) -> Self {
        let JudgeSettings { partitions, weights, lease, sticky, required, started_at, .. } =
            settings;
        let (promise, reach) = match settings.promise {
            Promise::ExactlyOnce => (Word::ExactlyOnce, reach()),
            Promise::AtLeastOnce { reach } => (Word::AtLeastOnce, reach),
        };
        Self {
            kind: Kind::History,
            version: VERSION,
            partitions,
            promise,
            reach,
            weights,
            lease,
            unowned_bound: Some(settings.unowned_bound),
            startup_bound: Some(settings.startup_bound),
            stall: Some(settings.stall),
            processing_min: settings.processing_min,
            sticky,
            required,
            started_at,
            seed,
            commit: commit.to_owned(),
            after: 0,
            config: serde_json::Value::Null,
        }
    }

    /// By what the run is judged.
    pub fn settings(&self) -> JudgeSettings {
        JudgeSettings {
            partitions: self.partitions,
            weights: self.weights.clone(),
            lease: self.lease,
            unowned_bound: self.unowned_bound.unwrap_or(Duration::MAX),
            startup_bound: self.startup_bound.unwrap_or(Duration::MAX),
            stall: self.stall.unwrap_or(Duration::MAX),
            processing_min: self.processing_min,
            promise: match self.promise {
                Word::ExactlyOnce => Promise::ExactlyOnce,
                Word::AtLeastOnce => Promise::AtLeastOnce { reach: self.reach },
            },
            sticky: self.sticky,
            required: self.required.clone(),
            started_at: self.started_at,
        }
    }

    /// Reads the first line. Its version is looked at before anything else.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Wrong> {
        let any: Any = serde_json::from_slice(line).map_err(|_| Wrong::Foreign)?;
        match (any.kind.as_deref(), any.version) {
            (Some("history"), Some(VERSION)) => {}
            (Some("history"), Some(version)) => return Err(Wrong::Version(version)),
            _ => return Err(Wrong::Foreign),
        }
        let header: Self =
            serde_json::from_slice(line).map_err(|error| Wrong::Damaged(error.to_string()))?;
        header.check().map_err(Wrong::Damaged)?;
        Ok(header)
    }

    fn check(&self) -> Result<(), String> {
        let Self { partitions, weights, .. } = self;
        if !(1..=PARTITIONS_MAX).contains(partitions) {
            return Err(format!("partitions is {partitions}: use 1 to {PARTITIONS_MAX}"));
        }
        match weights {
            Some(weights) if weights.count() != *partitions => {
                let count = weights.count();
                Err(format!("weights are {count} and partitions {partitions}: use one for each"))
            }
            _ => Ok(()),
        }
    }
}
