//! What every task of a member shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Weights;
use tokio::sync::Semaphore;

use crate::event::Event;
use crate::lease::Timing;
use crate::strategy::Strategy;
use crate::{MemberId, Names};

/// Receives every [`Event`], from any task; must not block.
pub(crate) type Listener = Box<dyn Fn(Event) + Send + Sync>;

/// What every task of a member shares. Nothing in it changes but the counters.
pub(crate) struct Context<B> {
    pub(crate) broker: B,
    pub(crate) names: Names,
    pub(crate) me: MemberId,
    pub(crate) timing: Timing,
    pub(crate) weights: Weights,
    pub(crate) strategy: Arc<dyn Strategy>,
    /// Bounds the handlers that run at once.
    pub(crate) handlers: Semaphore,
    pub(crate) counters: Arc<Counters>,
    pub(crate) listener: Listener,
}

impl<B> Context<B> {
    pub(crate) fn emit(&self, event: Event) {
        tracing::debug!(member = %self.me, ?event);
        (self.listener)(event);
    }
}

/// What a member has done since it was built, over all of its lives.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) attempts: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) fenced: AtomicU64,
}

/// What a member has done since it was built, over all of its lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls of the handler.
    pub attempts: u64,
    /// Calls of the handler that returned an error.
    pub failures: u64,
    /// Messages that were processed here and whose effect was refused.
    pub fenced: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            attempts: read(&self.attempts),
            failures: read(&self.failures),
            fenced: read(&self.fenced),
        }
    }
}
