//! Run time: timestamps that follow tokio's clock, so that they are virtual when it is paused.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(micros))
    }
}

/// The wall time at which a run began, carried forward by tokio's clock. The program reads the wall
/// once, at its edge; everything else asks this.
#[derive(Clone, Copy, Debug)]
pub struct RunClock {
    epoch: Timestamp,
    started: Instant,
}

impl RunClock {
    /// A clock that shows `epoch` now.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, started: Instant::now() }
    }

    /// What the clock shows now.
    pub fn now(&self) -> Timestamp {
        self.epoch + self.started.elapsed()
    }

    /// What the clock shows at `instant` (of tokio's clock).
    pub fn at(&self, instant: Instant) -> Timestamp {
        self.epoch + instant.saturating_duration_since(self.started)
    }

    /// What the clock showed when it started.
    pub fn started_at(&self) -> Timestamp {
        self.epoch
    }

    /// Time since the clock started.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
