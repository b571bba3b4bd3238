//! What is known of a run before it begins.

use model::Timestamp;
use serde::Serialize;

/// What is known of a run before it begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// The commit it was built from.
    pub commit: String,
    /// The command that repeats it.
    pub reproduce: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long messages are sent.
    pub duration_seconds: f64,
    /// What each partition weighs.
    pub weights: Vec<u32>,
    /// How much more than the mean a worker may carry.
    pub load_bound: f64,
    /// How many producers there are.
    pub producers: u32,
    /// Time is virtual.
    pub is_virtual: bool,
}

impl Run {
    /// Seconds since the run began; zero for what lies before.
    pub(crate) fn seconds(&self, at: Timestamp) -> f64 {
        at.since(self.started_at).as_secs_f64()
    }

    pub(crate) fn weight(&self, partition: usize) -> u64 {
        self.weights.get(partition).copied().map_or(0, u64::from)
    }

    /// What no worker should carry more than, while `workers` share the partitions.
    pub(crate) fn bound(&self, workers: usize) -> f64 {
        let total: u64 = self.weights.iter().copied().map(u64::from).sum();
        let heaviest = self.weights.iter().copied().max().unwrap_or_default();
        let mean = total as f64 / workers.max(1) as f64;
        (self.load_bound * mean).floor().max(f64::from(heaviest))
    }
}
