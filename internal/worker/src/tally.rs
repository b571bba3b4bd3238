//! What a worker counts for its report.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::Durations;
use parti::Event;
use reports::Fenced;
use tokio::sync::Notify;

/// Refused effects that are reported one by one; of older ones only the number is kept.
const FENCED_KEPT: usize = 32;

/// What a worker counts for its report.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    processing_us: AtomicU64,
    processing_max_us: AtomicU64,
    /// Each call's, if they are measured.
    durations: Option<Mutex<Durations>>,
    fenced: Mutex<VecDeque<Fenced>>,
    /// Calls of the handler that `parti` did not make.
    attempts: AtomicU64,
    news: Notify,
}

impl Tally {
    /// Nothing yet; whoever measures counts the calls by how long they took, too.
    pub(crate) fn new(measured: bool) -> Self {
        Self { durations: measured.then(Mutex::default), ..Self::default() }
    }

    /// A call of the handler began.
    pub(crate) fn began(&self) {
        self.news.notify_one();
    }

    /// A call of the handler that `parti` does not count.
    pub(crate) fn attempted(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// How many of these there were.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// A call of the handler took so long.
    pub(crate) fn processed(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.processing_us.fetch_add(micros, Ordering::Relaxed);
        self.processing_max_us.fetch_max(micros, Ordering::Relaxed);
        if let Some(durations) = &self.durations {
            durations.lock().unwrap_or_else(PoisonError::into_inner).add(took);
        }
    }

    /// How long each call of the handler took, if that is measured.
    pub(crate) fn durations(&self) -> Option<Durations> {
        let durations = self.durations.as_ref()?;
        Some(*durations.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there may be something to report that was not there before.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// Something happened to the member.
    pub(crate) fn event(&self, event: Event) {
        self.news.notify_one();
        if let Event::Fenced { partition, messages, claim, by } = event {
            let mut fenced = self.fenced.lock().unwrap_or_else(PoisonError::into_inner);
            if fenced.len() == FENCED_KEPT {
                fenced.pop_front();
            }
            fenced.push_back(Fenced { partition, messages, claim, lost_to: Some(by) });
        }
    }

    /// Time spent in the handler: in all, and the longest call.
    pub(crate) fn processing(&self) -> (Duration, Duration) {
        let read = |micros: &AtomicU64| Duration::from_micros(micros.load(Ordering::Relaxed));
        (read(&self.processing_us), read(&self.processing_max_us))
    }

    /// The newest refused effects.
    pub(crate) fn fenced(&self) -> Vec<Fenced> {
        let fenced = self.fenced.lock().unwrap_or_else(PoisonError::into_inner);
        fenced.iter().cloned().collect()
    }
}
