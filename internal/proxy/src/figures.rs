//! What a proxy has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a proxy has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Connections that were accepted.
    pub connections: u64,
    /// How many of them are open.
    pub open: u64,
    /// Bytes passed on to the broker.
    pub to_broker: u64,
    /// Bytes passed on to the client.
    pub to_client: u64,
    /// Segments that were held back: delayed, lost, or behind such a one.
    pub held: u64,
    /// Losses of segments; one that is lost twice counts twice.
    pub lost: u64,
    /// Connections that were reset: cut, lost, refused by the broker, or reset by one end.
    pub resets: u64,
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections: Counter,
    pub(crate) closed: Counter,
    pub(crate) to_broker: Counter,
    pub(crate) to_client: Counter,
    pub(crate) held: Counter,
    pub(crate) lost: Counter,
    pub(crate) resets: Counter,
}

impl Counters {
    pub(crate) fn figures(&self) -> Figures {
        // First those that are closed: an open one may be counted twice, never less than none.
        let closed = self.closed.get();
        let connections = self.connections.get();
        Figures {
            connections,
            open: connections - closed,
            to_broker: self.to_broker.get(),
            to_client: self.to_client.get(),
            held: self.held.get(),
            lost: self.lost.get(),
            resets: self.resets.get(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::SeqCst);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
