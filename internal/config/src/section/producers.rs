//! `producers`: those who send.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Isolation, Millis};

/// Those who send. Each owns a fixed range of partitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Producers {
    /// Number of producers, at most one per partition.
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Where each producer of an all-in-one run lives.
    pub isolation: Isolation,
    /// By which design a message that is sent again is stored once.
    pub publishing: Publishing,
    /// Rates that rise and fall instead of staying as they are.
    pub rate_variation: RateVariation,
}

impl Default for Producers {
    fn default() -> Self {
        Self {
            count: 10,
            isolation: Isolation::Task,
            publishing: Publishing::Conditional,
            rate_variation: RateVariation::default(),
        }
    }
}

/// By which design a message that is sent again is stored once; docs/designs.md compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Publishing {
    /// After the message before it, or not at all: however long an outage lasts.
    Conditional,
    /// By its id, for as long as `nats.jetstream.duplicate_window` says; what is sent later is stored again.
    MessageId,
}

/// Rates that rise and fall between two multiples of what `partitions` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RateVariation {
    /// Whether rates vary.
    pub enabled: bool,
    /// Who rises and falls together.
    pub pattern: RatePattern,
    /// Lowest multiple of the rate.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000))]
    pub min: f64,
    /// Highest multiple of the rate.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000))]
    pub max: f64,
    /// Time from the lowest to the highest multiple, and again as long back.
    #[schemars(extend("x-min" = "1ms"))]
    pub ramp_interval: Millis,
}

impl Default for RateVariation {
    fn default() -> Self {
        Self {
            enabled: false,
            pattern: RatePattern::Global,
            min: 0.5,
            max: 2.0,
            ramp_interval: Millis::from_secs(300),
        }
    }
}

/// Who rises and falls together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RatePattern {
    /// All producers at once.
    Global,
    /// Every producer in its own time.
    PerProducer,
}
