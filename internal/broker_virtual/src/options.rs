//! How slow the way to the broker is.

use std::time::Duration;

use model::Seed;

/// How slow the way to the broker is, and where chance comes from.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Every client draws from a stream of its own below this seed.
    pub seed: Seed,
    /// The shortest way of a request, an answer or a record. Tokio's timers count in milliseconds, so
    /// whoever waits learns at the end of one what happened within it.
    pub latency_min: Duration,
    /// The longest way.
    pub latency_max: Duration,
    /// How long a client waits for an answer.
    pub request_timeout: Duration,
}

impl Options {
    /// Ways of 50 µs to 3 ms, and one second of patience.
    pub fn new(seed: Seed) -> Self {
        Self {
            seed,
            latency_min: Duration::from_micros(50),
            latency_max: Duration::from_millis(3),
            request_timeout: Duration::from_secs(1),
        }
    }
}
