//! What the way between a client and the broker is like.

use std::time::Duration;

/// What the way between a client and the broker is like. A change holds from the instant it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Weather {
    /// Nothing is wrong.
    #[default]
    Clear,
    /// The connection is broken: requests under way end at once, in doubt; further ones wait for a
    /// connection until their time is up. Readers wait, and go on behind what they delivered.
    Cut,
    /// The connection stays open, and nothing arrives, in neither direction: requests hang until
    /// their time is up, readers are silent. When that ends, what was sent meanwhile arrives, as
    /// retransmissions would bring it, also if its sender has long given it up.
    HalfOpen,
    /// Everything arrives later, in order.
    Delayed {
        /// By so much, each way,
        delay: Duration,
        /// more or less by up to so much.
        jitter: Duration,
    },
    /// A request or an answer is lost, and the client never hears of it. What a reader follows is
    /// sent again until it arrives, so for readers this is delay.
    Lossy {
        /// The probability that one of them is lost, 0 to 1.
        loss: f64,
    },
}

/// What a connection sees of the weather and of the broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sky {
    pub(crate) weather: Weather,
    /// Whether the broker runs.
    pub(crate) up: bool,
    /// How often the connection was broken.
    pub(crate) breaks: u64,
}

impl Sky {
    /// Whether there is a connection, though perhaps a silent one.
    pub(crate) fn is_connected(&self) -> bool {
        self.up && self.weather != Weather::Cut
    }

    /// Whether anything gets through.
    pub(crate) fn flows(&self) -> bool {
        self.is_connected() && self.weather != Weather::HalfOpen
    }
}
