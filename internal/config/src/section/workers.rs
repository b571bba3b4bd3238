//! `workers`: those who own partitions and process their messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::delay;
use crate::{Interval, Isolation, Millis};

/// Those who own partitions and process their messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workers {
    /// Number of workers at the start; chaos may add and remove some.
    #[schemars(range(min = 1, max = 1_000))]
    pub count: u32,
    /// Where each worker of an all-in-one run lives.
    pub isolation: Isolation,
    /// By which design workers consume the messages of their partitions.
    pub consumption: Consumption,
    /// How partitions are assigned to workers.
    pub assignment_strategy: AssignmentStrategy,
    /// Details of the strategies.
    pub strategy_config: StrategyConfig,
    /// Simulated time to process one message: `{min, max}`, or text such as `20ms` or `10-50ms`.
    #[serde(with = "delay")]
    #[schemars(schema_with = "delay::schema")]
    pub processing_delay: Interval,
    /// How long a silent worker is believed to be alive.
    #[schemars(extend("x-min" = "500ms"))]
    pub lease: Millis,
    /// Messages that one worker processes at once, at most one per partition.
    #[schemars(range(min = 1, max = 10_000))]
    pub concurrency: u32,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            count: 10,
            isolation: Isolation::Task,
            consumption: Consumption::Fenced,
            assignment_strategy: AssignmentStrategy::WeightedConsistentHash,
            strategy_config: StrategyConfig::default(),
            processing_delay: delay::DEFAULT,
            lease: Millis::from_secs(3),
            concurrency: 64,
        }
    }
}

/// By which design workers consume the messages of their partitions; docs/designs.md compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consumption {
    /// Claims and effects: promises every message exactly once.
    Fenced,
    /// A durable consumer for each partition: promises every message at least once.
    DurablePerPartition,
    /// A durable consumer for each worker, its filters swapped at each rebalance: promises the same,
    /// and loses messages.
    DurablePerWorker,
}

/// How partitions are assigned to workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AssignmentStrategy {
    /// Few moves, and load by weight within `load_bound` of the mean.
    WeightedConsistentHash,
    /// Fewest moves; load as it falls.
    ConsistentHash,
    /// Equal numbers of partitions; most moves.
    RoundRobin,
}

/// Details of the strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StrategyConfig {
    /// Points of a worker on the hash ring; more spread load better and cost more to compute.
    #[schemars(range(min = 1, max = 10_000))]
    pub virtual_nodes: u32,
    /// Most load of a worker over the mean load, which the weighted strategy keeps.
    #[schemars(extend("exclusiveMinimum" = 1), range(max = 10))]
    pub load_bound: f64,
}

impl Default for StrategyConfig {
    fn default() -> Self {
        Self { virtual_nodes: 150, load_bound: 1.05 }
    }
}
