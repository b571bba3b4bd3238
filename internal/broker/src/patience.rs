//! How a broker that does not answer is asked again: at once impatient, soon at ease, and for as long
//! as the caller likes.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::BrokerError;

/// Waits between attempts: doubling from 20 ms to 1 s.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(Self::FIRST)
    }
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_secs(1);

    /// Waits, and longer the next time.
    pub async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(Self::LONGEST);
    }
}

/// Asks until there is an answer: waits through outages, and for as long as they last. The caller bounds
/// it by dropping.
///
/// # Errors
///
/// Whatever asking again would not mend.
pub async fn patiently<T, F>(ask: impl FnMut() -> F) -> Result<T, BrokerError>
where
    F: Future<Output = Result<T, BrokerError>>,
{
    patiently_for(Duration::MAX, ask).await
}

/// As [`patiently`], but asks no more once it has waited for `longest`.
///
/// # Errors
///
/// Whatever asking again would not mend; and [`BrokerError::Unavailable`], if that was the answer all
/// the time.
pub async fn patiently_for<T, F>(
    longest: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T, BrokerError>
where
    F: Future<Output = Result<T, BrokerError>>,
{
    let (began, mut backoff) = (Instant::now(), Backoff::default());
    loop {
        match ask().await {
            Err(BrokerError::Unavailable(why)) if began.elapsed() < longest => {
                tracing::debug!(why, "the broker is asked again");
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
}

/// Tries until it succeeds, whatever is wrong meanwhile: errors are for the attempt to log. The caller
/// bounds it by dropping.
pub async fn insistently<T, E, F>(mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, E>>,
{
    let mut backoff = Backoff::default();
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(_) => backoff.wait().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down<T>() -> Result<T, BrokerError> {
        Err(BrokerError::Unavailable("down".into()))
    }

    /// Who asks more often than that asks for ever.
    fn note(at: &mut Vec<u128>, began: Instant) -> usize {
        at.push(began.elapsed().as_millis());
        assert!(at.len() < 50, "asked for ever");
        at.len()
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_a_second() {
        let (began, mut at) = (Instant::now(), Vec::new());
        let answer = patiently(|| {
            let tries = note(&mut at, began);
            std::future::ready(if tries < 9 { down() } else { Ok(tries) })
        });
        assert_eq!(answer.await.unwrap(), 9);
        assert_eq!(at, [0, 20, 60, 140, 300, 620, 1_260, 2_260, 3_260]);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_the_last_answer() {
        let (began, mut at) = (Instant::now(), Vec::new());
        let answer = patiently_for(Duration::from_millis(1_260), || {
            note(&mut at, began);
            std::future::ready(down::<()>())
        });
        assert!(matches!(answer.await, Err(BrokerError::Unavailable(why)) if why == "down"));
        assert_eq!(at.last(), Some(&1_260));
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_insists_tries_again_what_that_does_not_mend() {
        let wrong = || BrokerError::Unsuitable("wrong".into());
        let (began, mut at) = (Instant::now(), Vec::new());
        let answer = patiently(|| {
            note(&mut at, began);
            std::future::ready(Err::<(), _>(wrong()))
        });
        assert!(matches!(answer.await, Err(BrokerError::Unsuitable(_))));
        let done = insistently(|| {
            let tries = note(&mut at, began);
            std::future::ready(if tries < 4 { Err(wrong()) } else { Ok(tries) })
        });
        assert_eq!(done.await, 4);
        assert_eq!(at, [0, 0, 20, 60]);
    }
}
