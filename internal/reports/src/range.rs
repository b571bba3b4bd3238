//! A run of sequences without a gap.

use serde::{Deserialize, Serialize};

/// Sequences from the first to the last, both included; `[1,5]` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range(pub u64, pub u64);

impl Range {
    /// How many sequences it holds.
    pub fn count(self) -> u64 {
        if self.0 > self.1 { 0 } else { (self.1 - self.0).saturating_add(1) }
    }
}
