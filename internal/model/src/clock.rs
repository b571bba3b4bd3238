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

/// The wall time of a run, carried forward by tokio's clock. The program reads the wall once, at its
/// edge; everything else asks this.
///
/// A run that was stopped and goes on later has one clock more: [`RunClock::now`] stays wall time,
/// and [`RunClock::elapsed`] leaves out the time in between.
#[derive(Clone, Copy, Debug)]
pub struct RunClock {
    /// When the run began for the first time.
    began: Timestamp,
    /// What the clock showed when it was made.
    epoch: Timestamp,
    /// When it was made.
    made: Instant,
    /// Time that the run had lasted by then.
    before: Duration,
}

impl RunClock {
    /// A clock that shows `epoch` now.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self::resumed(epoch, epoch, Duration::ZERO)
    }

    /// A clock that shows `now`, of a run that began at `began` and had lasted `elapsed` when it
    /// was stopped.
    pub fn resumed(now: Timestamp, began: Timestamp, elapsed: Duration) -> Self {
        Self { began, epoch: now, made: Instant::now(), before: elapsed }
    }

    /// What the clock shows now.
    pub fn now(&self) -> Timestamp {
        self.epoch + self.made.elapsed()
    }

    /// What the clock shows at `instant` (of tokio's clock).
    pub fn at(&self, instant: Instant) -> Timestamp {
        self.epoch + instant.saturating_duration_since(self.made)
    }

    /// What the clock shows when the run has lasted `elapsed`; never before this clock was made.
    pub fn at_elapsed(&self, elapsed: Duration) -> Timestamp {
        self.epoch + elapsed.saturating_sub(self.before)
    }

    /// When (by tokio's clock) the run has lasted `elapsed`; never before this clock was made.
    pub fn instant_at(&self, elapsed: Duration) -> Instant {
        self.made + elapsed.saturating_sub(self.before)
    }

    /// When the run began for the first time.
    pub fn started_at(&self) -> Timestamp {
        self.began
    }

    /// Time that the run has lasted, without the times that it was stopped.
    pub fn elapsed(&self) -> Duration {
        self.before + self.made.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_resumed_clock_shows_wall_time_and_counts_run_time() {
        let second = |seconds: i64| Timestamp(seconds * 1_000_000);
        let first = RunClock::starting_at(second(100));
        tokio::time::sleep(Duration::from_secs(7)).await;
        assert_eq!((first.now(), first.elapsed()), (second(107), Duration::from_secs(7)));
        assert_eq!(first.at_elapsed(Duration::from_secs(9)), second(109));
        // Stopped at 107, started again at 500.
        let clock = RunClock::resumed(second(500), first.started_at(), first.elapsed());
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!((clock.now(), clock.elapsed()), (second(503), Duration::from_secs(10)));
        assert_eq!(clock.started_at(), second(100), "the first start stays");
        assert_eq!(clock.at_elapsed(clock.elapsed()), clock.now());
        assert_eq!(clock.instant_at(clock.elapsed()), Instant::now());
        assert_eq!(clock.at(clock.instant_at(Duration::from_secs(2))), second(500));
    }
}
