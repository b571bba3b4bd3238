//! `partitions`: how many, how heavy, how busy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The partitions, their weights and their message rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Partitions {
    /// Number of partitions.
    #[schemars(range(min = 1, max = 100_000))]
    pub count: u32,
    /// Messages per second of a partition on average; a heavier one gets more, a lighter one less.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1_000_000))]
    pub message_rate_per_partition: f64,
    /// How weight is spread over the partitions.
    pub distribution: Distribution,
    /// Details of the distributions.
    pub weights: PartitionWeights,
}

impl Default for Partitions {
    fn default() -> Self {
        Self {
            count: 100,
            message_rate_per_partition: 0.1,
            distribution: Distribution::Uniform,
            weights: PartitionWeights::default(),
        }
    }
}

/// How weight is spread over the partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Every partition weighs 1.
    Uniform,
    /// A few extreme partitions, many normal ones.
    Exponential,
}

/// Details of the distributions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PartitionWeights {
    /// Weights of the distribution `exponential`.
    pub exponential: ExponentialWeights,
}

/// Weights of the distribution `exponential`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExponentialWeights {
    /// Share of the partitions that are extreme, as a fraction: 0.05 is 5 %.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub extreme_percent: f64,
    /// Weight of an extreme partition.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-right" = WEIGHT))]
    pub extreme_weight: u32,
    /// Weight of every other partition.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-right" = WEIGHT))]
    pub normal_weight: u32,
}

const WEIGHT: &str = "weights are whole numbers from 1 to 1000000";

impl Default for ExponentialWeights {
    fn default() -> Self {
        Self { extreme_percent: 0.05, extreme_weight: 100, normal_weight: 1 }
    }
}
