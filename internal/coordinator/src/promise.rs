//! What a design of consumption promises, and by which the run is judged.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is promised for every message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// One effect, in order.
    #[default]
    ExactlyOnce,
    /// One effect or more: another one, or one that comes late, has to be explained by a fault.
    AtLeastOnce {
        /// How long after a fault a message may still be delivered again because of it: until its
        /// acknowledgement is no longer waited for, and as long again until it is handled.
        reach: Duration,
    },
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExactlyOnce => "exactly-once",
            Self::AtLeastOnce { .. } => "at-least-once",
        })
    }
}
