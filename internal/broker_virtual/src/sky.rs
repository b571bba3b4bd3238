//! What a connection sees of its network and of the broker.
//!
//! A network holds from the instant it changes. Cut: requests under way end at once, in doubt, further
//! ones wait for a connection until their time is up; readers wait, and go on behind what they
//! delivered. Half open: requests hang until their time is up, and what was sent meanwhile arrives
//! when that ends, also if its sender has long given it up. Lossy is harsher than TCP: a request or
//! an answer is lost, and the client never hears of it; for readers alone it is delay.

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
