//! One request and its answer: what it does at the broker, what the broker says to it, and whoever waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::broker::State;

/// A request, as those see it who carry it. What it holds may hold the broker: whoever lets go of the last
/// of it holds no lock.
pub(crate) trait Asked: Send + Sync {
    /// It takes effect at the broker, `now`.
    fn arrive(&self, state: &mut State, now: Instant);

    /// The answer is there.
    fn answer(&self);

    /// No answer will be there. The request may take effect nevertheless.
    fn end(&self);

    /// Whether whoever asked waits no longer.
    fn is_over(&self) -> bool;

    /// How long it is waited for, and since when.
    fn patience(&self) -> Patience;
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until then.
    pub(crate) until: Instant,
    /// As long as the connection breaks no further time.
    pub(crate) breaks: u64,
}

/// A request that does `F` at the broker, and is answered by a `T`.
pub(crate) struct Exchange<F, T> {
    patience: Patience,
    /// Whether it has ended, for those who need not know how.
    is_over: AtomicBool,
    inner: Mutex<Inner<F, T>>,
}

struct Inner<F, T> {
    /// `None` once it has taken effect.
    request: Option<F>,
    /// What the broker said.
    said: Option<T>,
    end: Option<End>,
    waker: Option<Waker>,
}

/// How an exchange ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Heard,
    Unheard,
}

impl<F, T> Exchange<F, T> {
    pub(crate) fn new(request: F, patience: Patience) -> Self {
        let inner = Inner { request: Some(request), said: None, end: None, waker: None };
        Self { patience, is_over: AtomicBool::new(false), inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<F, T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, end: End) {
        let waker = {
            let mut inner = self.inner();
            inner.end.get_or_insert(end);
            self.is_over.store(true, Ordering::Release);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The answer; `None` if there will be none.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.inner();
        match inner.end {
            Some(End::Heard) => Poll::Ready(inner.said.take()),
            Some(End::Unheard) => Poll::Ready(None),
            None => {
                inner.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<F, T> Asked for Exchange<F, T>
where
    F: FnOnce(&mut State, Instant) -> T + Send,
    T: Send,
{
    fn arrive(&self, state: &mut State, now: Instant) {
        // No request looks at its own exchange.
        let mut inner = self.inner();
        let request = inner.request.take();
        inner.said = request.map(|request| request(state, now));
    }

    fn answer(&self) {
        self.finish(End::Heard);
    }

    fn end(&self) {
        self.finish(End::Unheard);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    fn patience(&self) -> Patience {
        self.patience
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Options, VirtualBroker};

    type How = fn(&dyn Asked);

    /// What is heard of a request that arrived, after these ends.
    async fn heard(ends: &[How]) -> Poll<Option<u32>> {
        let broker = VirtualBroker::new(Options::new(model::Seed(1)));
        let patience = Patience { until: Instant::now() + Duration::from_secs(1), breaks: 0 };
        let exchange = Exchange::new(|_: &mut State, _: Instant| 7, patience);
        assert!(!exchange.is_over());
        exchange.arrive(&mut broker.state(), Instant::now());
        ends.iter().for_each(|end| end(&exchange));
        assert_eq!(exchange.is_over(), !ends.is_empty());
        exchange.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_end_counts() {
        let answer: How = |asked| asked.answer();
        let end: How = |asked| asked.end();
        assert_eq!(heard(&[]).await, Poll::Pending);
        assert_eq!(heard(&[answer]).await, Poll::Ready(Some(7)));
        assert_eq!(heard(&[answer, end]).await, Poll::Ready(Some(7)));
        assert_eq!(heard(&[end]).await, Poll::Ready(None));
        assert_eq!(heard(&[end, answer]).await, Poll::Ready(None));
    }
}
