//! The registry: brings the families up to the judge's newest totals and writes them out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coordinator::{CheckpointFigures, Totals};
use prometheus::{Registry, TextEncoder};

use crate::families::Families;
use crate::{MetricsError, Process, Usage};

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Every metric of a run, in a registry of its own.
///
/// ```
/// let metrics = metrics::Metrics::new()?;
/// metrics.update(&coordinator::Totals { sent: 3, ..Default::default() });
/// assert!(metrics.encode()?.contains("\nsimulation_messages_sent_total 3\n"));
/// # Ok::<(), metrics::MetricsError>(())
/// ```
pub struct Metrics {
    registry: Registry,
    /// One lock over all: whoever reads sees the whole of an update or nothing of it.
    families: Mutex<Families>,
}

impl Metrics {
    /// All families, at nothing.
    ///
    /// # Errors
    ///
    /// Only if a name is given twice or is none: the tests of this room would have failed.
    pub fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let mut families = Families::new(&registry)?;
        families.update(&Totals::default());
        Ok(Self { registry, families: Mutex::new(families) })
    }

    /// Brings every family that shows a total up to `totals`. A counter never goes down: a total
    /// below the one before is ignored.
    pub fn update(&self, totals: &Totals) {
        self.lock().update(totals);
    }

    /// One rebalance is over: how long it took, and how many partitions it moved.
    pub fn observe_rebalance(&self, seconds: f64, moved: u32) {
        self.lock().rebalance(seconds, moved);
    }

    /// What checkpoints cost. Size, times and age appear with the first one that is written.
    pub fn observe_checkpoints(&self, figures: &CheckpointFigures) {
        self.lock().checkpoints(figures);
    }

    /// What a process uses now. Its families appear with the first usage.
    pub fn observe_usage(&self, process: Process, usage: &Usage) {
        self.lock().usage(process, usage);
    }

    /// All families in the text format of Prometheus, sorted; see [`CONTENT_TYPE`].
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn encode(&self) -> Result<String, MetricsError> {
        let gathered = {
            let _whole = self.lock();
            self.registry.gather()
        };
        Ok(TextEncoder::new().encode_to_string(&gathered)?)
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        // Figures are set one by one and stay usable, whoever panicked.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
