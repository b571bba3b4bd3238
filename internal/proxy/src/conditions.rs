//! What the network is like.

use std::time::Duration;

/// What the network is like. Open connections see a change at once, and what is under way then
/// arrives, unless nothing does any more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Conditions {
    /// Nothing is wrong.
    #[default]
    Clear,
    /// Connections are reset, new ones at once.
    Cut,
    /// Nothing arrives on either side, and nobody is told: connections stay open, new ones are
    /// accepted and silent. When that ends, what was sent meanwhile arrives, as retransmissions
    /// would bring it.
    HalfOpen,
    /// Everything arrives later, in order.
    Delayed {
        /// How much later.
        delay: Duration,
        /// How much more or less than that, at random, each time.
        jitter: Duration,
    },
    /// Segments are lost and sent again, which TCP shows as delay; a segment that is lost six times
    /// in a row ends its connection.
    Lossy {
        /// The probability that a segment is lost, 0 to 1.
        loss: f64,
    },
}
