//! How fast a worker works, as it can be changed while it does.

use std::sync::Arc;
use std::time::Duration;

use model::watch;
use tokio::time::Instant;

/// The greatest factor by which a worker is slowed down.
pub const SLOWEST: f64 = 1000.0;

/// How many times longer everything takes than configured. Clones are the same pace.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<watch::Sender<f64>>);

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(1.0)))
    }
}

impl Pace {
    /// Everything takes `factor` times as long from now on.
    pub(crate) fn set(&self, factor: f64) {
        let factor = if factor.is_nan() { 1.0 } else { factor.clamp(1.0, SLOWEST) };
        self.0.send_replace(factor);
    }

    /// Takes the time that `work` takes; what is left of it follows each change of the pace.
    pub(crate) async fn take(&self, work: Duration) {
        // Even a timer of nothing may take a millisecond.
        if work.is_zero() {
            return;
        }
        let mut pace = self.0.subscribe();
        let mut left = work;
        loop {
            let factor = *pace.borrow_and_update();
            let began = Instant::now();
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(began + left.mul_f64(factor)) => return,
                // The sender lives as long as this handle.
                _ = pace.changed() => {
                    left = left.saturating_sub(began.elapsed().div_f64(factor));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Duration = Duration::from_secs(10);

    /// How long the work takes if the pace changes so, each after so many seconds.
    async fn takes(changes: &[(u64, f64)]) -> u64 {
        let pace = Pace::default();
        let changing = pace.clone();
        let began = Instant::now();
        let changed = async {
            for (after, factor) in changes {
                tokio::time::sleep(Duration::from_secs(*after)).await;
                changing.set(*factor);
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = pace.take(WORK) => {}
            () = changed => {}
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_the_work_follows_the_pace() {
        for (changes, expected) in [
            (&[][..], 10),
            (&[(0, 3.0)], 30),
            (&[(5, 4.0)], 5 + 20),
            (&[(5, 4.0), (8, 1.0)], 5 + 8 + 3),
            (&[(5, 4.0), (8, 2.0), (2, 4.0)], 5 + 8 + 2 + 8),
            (&[(0, 1e9)], 10_000),
            (&[(0, 0.0)], 10),
            (&[(0, -1.0)], 10),
            (&[(0, f64::NAN)], 10),
            (&[(0, f64::INFINITY)], 10_000),
        ] {
            assert_eq!(takes(changes).await, expected, "{changes:?}");
        }
    }
}
