//! What a connection sees of its network and of the broker.
//!
//! A network holds from the instant it changes. Cut: requests under way end at once, in doubt, further
//! ones wait for a connection until their time is up; readers wait, and go on behind what they
//! delivered. Half open: requests hang until their time is up, and what was sent meanwhile arrives
//! when that ends, also if its sender has long given it up. Lossy is harsher than TCP: a request or
//! an answer is lost, and the client never hears of it; for readers alone it is delay.

use std::sync::atomic::{AtomicU64, Ordering};

use model::Network;

/// What a connection sees of the network and of the broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sky {
    pub(crate) network: Network,
    /// Whether the broker runs.
    pub(crate) up: bool,
    /// How often the connection was broken.
    pub(crate) breaks: u64,
}

impl Sky {
    /// Whether there is a connection, though perhaps a silent one.
    pub(crate) fn is_connected(&self) -> bool {
        self.up && self.network != Network::Cut
    }

    /// Whether anything gets through.
    pub(crate) fn flows(&self) -> bool {
        self.is_connected() && self.network != Network::HalfOpen
    }
}

/// As much of the sky as a reader looks at for each record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glance {
    pub(crate) flows: bool,
    pub(crate) breaks: u64,
}

/// A [`Glance`] that is there without a lock.
#[derive(Debug)]
pub(crate) struct Glimpse(AtomicU64);

impl Glimpse {
    pub(crate) fn of(sky: &Sky) -> Self {
        Self(AtomicU64::new(Self::packed(sky)))
    }

    fn packed(sky: &Sky) -> u64 {
        sky.breaks << 1 | u64::from(sky.flows())
    }

    pub(crate) fn set(&self, sky: &Sky) {
        self.0.store(Self::packed(sky), Ordering::Release);
    }

    pub(crate) fn get(&self) -> Glance {
        let packed = self.0.load(Ordering::Acquire);
        Glance { flows: packed & 1 == 1, breaks: packed >> 1 }
    }
}
