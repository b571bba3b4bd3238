//! `coordinator`: the one who judges every message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, Millis};

/// The one who judges every message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Coordinator {
    /// How long after the last send a stored message may stay without effect before it is judged.
    #[schemars(extend("x-min" = "1ms"))]
    pub validation_window: Millis,
    /// Time between two printed reports.
    #[schemars(extend("x-min" = "1ms"))]
    pub report_interval: Millis,
    /// Judged messages of a partition that stay in the streams before they are trimmed.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub trim_after: u32,
    /// Whether everything that is judged is written down, for `simulation check`.
    pub history: bool,
    /// The most that this may take on the disk, compressed; beyond it the history ends.
    pub history_max: ByteSize,
}

impl Default for Coordinator {
    fn default() -> Self {
        Self {
            validation_window: Millis::from_secs(300),
            report_interval: Millis::from_secs(30),
            trim_after: 1_000,
            history: true,
            history_max: ByteSize::gigabytes(1),
        }
    }
}
