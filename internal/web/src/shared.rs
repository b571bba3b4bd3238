//! What the run publishes for the pages: whoever runs it writes, requests read the newest.

use std::sync::Arc;

use coordinator::{Progress, Totals, Verdict};
use metrics::{Metrics, MetricsError};
use reports::Phase;
use serde::Serialize;
use tokio::sync::watch;

/// What `/status` says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Whether the run is under way; before that its figures say nothing.
    pub ready: bool,
    /// What the run is doing.
    pub phase: Phase,
    /// Time since it began.
    pub elapsed_seconds: f64,
    /// The verdict; while the run goes on `running`, with what was found so far in
    /// `totals.anomalies`.
    pub verdict: Verdict,
    /// The newest figures.
    pub totals: Totals,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            ready: false,
            phase: Phase::default(),
            elapsed_seconds: 0.0,
            verdict: Verdict::Running,
            totals: Totals::default(),
        }
    }
}

/// What the run and its pages share; clones are the same.
#[derive(Clone)]
pub struct Shared {
    status: watch::Sender<Status>,
    metrics: Arc<Metrics>,
}

impl Shared {
    /// Not ready, at nothing.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn new() -> Result<Self, MetricsError> {
        Ok(Self { status: watch::Sender::default(), metrics: Arc::new(Metrics::new()?) })
    }

    /// How the run is going: for the metrics and for `/status`.
    pub fn update(&self, progress: &Progress) {
        self.metrics.update(&progress.totals);
        self.metrics.observe_checkpoints(&progress.checkpoints);
        self.status.send_modify(|status| {
            status.phase = progress.phase;
            status.elapsed_seconds = progress.elapsed.as_secs_f64();
            status.totals = progress.totals.clone();
        });
    }

    /// Whether the run is under way.
    pub fn set_ready(&self, ready: bool) {
        self.status.send_modify(|status| status.ready = ready);
    }

    /// The run was judged.
    pub fn set_verdict(&self, verdict: Verdict) {
        self.status.send_modify(|status| status.verdict = verdict);
    }

    /// The metrics, for what is not in the totals.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The newest status.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status as it changes: a slow reader misses changes, never the newest.
    pub fn changes(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }
}
