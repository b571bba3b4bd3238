//! What can lie between a member and its broker.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// What the network between a member and its broker is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing is wrong.
    #[default]
    Clear,
    /// Connections break, and new ones are refused.
    Cut,
    /// Nothing arrives, in neither direction, and nobody is told: connections stay open, new ones
    /// are accepted and silent. When that ends, what was sent meanwhile arrives, as retransmissions
    /// would bring it.
    HalfOpen,
    /// Everything arrives later, in order.
    Delayed {
        /// By so much,
        #[serde(with = "crate::seconds")]
        delay: Duration,
        /// more or less by up to so much.
        #[serde(with = "crate::seconds")]
        jitter: Duration,
    },
    /// What is lost is sent again, as TCP does, which shows as delay.
    Lossy {
        /// The probability of a loss, 0 to 1.
        loss: f64,
    },
}

/// As the end of a sentence about who is behind it, such as `connections broken`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("clear"),
            Self::Cut => f.write_str("connections broken"),
            Self::HalfOpen => f.write_str("connections silent"),
            Self::Delayed { delay, jitter } => {
                write!(f, "{} ± {} ms later", delay.as_millis(), jitter.as_millis())
            }
            Self::Lossy { loss } => write!(f, "{:.1} % of segments lost", loss * 100.0),
        }
    }
}
