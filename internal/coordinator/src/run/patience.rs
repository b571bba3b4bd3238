//! Whoever begins or goes on while the broker is down waits for it, for a bounded time.

use std::future::Future;
use std::time::Duration;

use broker::BrokerError;
use tokio::time::{Instant, sleep};

/// How long the broker may be down, and how often it is asked.
const WAIT_MAX: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(100);

/// Asks until there is an answer.
///
/// # Errors
///
/// Any that is an answer, and [`BrokerError::Unavailable`] after a minute.
pub(super) async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, BrokerError>
where
    F: Future<Output = Result<T, BrokerError>>,
{
    let until = Instant::now() + WAIT_MAX;
    loop {
        match ask().await {
            Err(BrokerError::Unavailable(why)) if Instant::now() < until => {
                tracing::debug!(why, "the broker is asked again");
                sleep(AGAIN).await;
            }
            answer => return answer,
        }
    }
}
