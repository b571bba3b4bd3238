//! What keeps a run in virtual time from going on for ever: a bound on its own time, and one on how
//! much may happen in a second of it. Both are told in virtual time, so that a run that is given up
//! is given up again at the same place.

use std::sync::Arc;
use std::time::Duration;

use config::Config;
use model::Timestamp;
use tokio::sync::Notify;

use crate::failure::Failure;

/// How long a run may take beyond its duration and its bound for draining.
const OVERTIME: Duration = Duration::from_secs(600);
/// How much may happen at the broker within a second.
const RUSH_MAX: u64 = 2_000_000;

/// The limits of one run.
pub struct Limits {
    longest: Duration,
    too_much: Arc<Notify>,
}

impl Limits {
    /// Those of a run of `config`.
    pub fn of(config: &Config) -> Self {
        let longest = config.simulation.duration.duration() + config::drain_bound(config);
        Self { longest: longest + OVERTIME, too_much: Arc::new(Notify::new()) }
    }

    /// Counts what happens.
    pub fn rush(&self) -> Rush {
        Rush { second: 0, count: 0, most: RUSH_MAX, too_much: self.too_much.clone() }
    }

    /// Runs to the end, or to a limit.
    pub async fn within<T>(
        &self,
        run: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        // A run is large; nobody else should have to be.
        let run = Box::pin(run);
        tokio::select! {
            biased;
            () = self.too_much.notified() => Err(Failure::Hung(format!(
                "the run does not come to an end: more than {RUSH_MAX} things happened at the broker \
                 within a second of virtual time; look at its trace"
            ))),
            ended = tokio::time::timeout(self.longest, run) => ended.unwrap_or_else(|_| {
                let longest = self.longest.as_secs();
                Err(Failure::Hung(format!(
                    "the run does not come to an end: given up after {longest} s of virtual time, \
                     {} s more than it may take; look at its trace",
                    OVERTIME.as_secs()
                )))
            }),
        }
    }
}

/// How much happens within a second of virtual time.
#[derive(Debug)]
pub struct Rush {
    second: i64,
    count: u64,
    most: u64,
    too_much: Arc<Notify>,
}

impl Rush {
    /// Something happened at `at`.
    pub fn happened(&mut self, at: Timestamp) {
        let second = at.0 / 1_000_000;
        if second != self.second {
            (self.second, self.count) = (second, 0);
        }
        self.count += 1;
        if self.count > self.most {
            self.too_much.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_run_that_waits_for_ever_is_given_up() {
        let limits = Limits::of(&Config::default());
        let ended: Result<(), _> = limits.within(std::future::pending()).await;
        let said = ended.unwrap_err().to_string();
        assert!(said.contains("given up after 4500 s of virtual time, 600 s more"), "{said}");
        assert_eq!(limits.within(async { Ok(3) }).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_in_which_time_stands_still_is_given_up() {
        let limits = Limits::of(&Config::default());
        let mut rush = Rush { most: 10, ..limits.rush() };
        let spin = async {
            loop {
                rush.happened(Timestamp(1_999_999));
                tokio::task::yield_now().await;
            }
        };
        let ended: Result<(), _> = limits.within(spin).await;
        let said = ended.unwrap_err();
        assert!(matches!(&said, Failure::Hung(why) if why.contains("within a second")), "{said}");
    }

    #[tokio::test(start_paused = true)]
    async fn as_much_as_one_likes_may_happen_if_it_takes_its_time() {
        let limits = Limits::of(&Config::default());
        let mut rush = Rush { most: 10, ..limits.rush() };
        let steady = async {
            for micros in (0..100_000_000).step_by(100_000) {
                rush.happened(Timestamp(micros));
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        limits.within(steady).await.unwrap();
    }
}
