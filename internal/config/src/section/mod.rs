//! The sections of a configuration, one file each. A field's first line of documentation, its
//! default and its bounds are also what the JSON Schema and the error messages say.
//!
//! Beside the keywords of JSON Schema, two of our own are written here: `x-min`, the shortest
//! duration allowed, and `x-right`, what an error recommends where the general words would not do.

mod chaos;
mod checkpoint;
mod coordinator;
mod metrics;
mod nats;
mod partitions;
mod producers;
mod simulation;
mod workers;

pub use chaos::{Chaos, ChaosEvent, Mixed, Parameters, Scripted, Target};
pub use checkpoint::Checkpoint;
pub use coordinator::Coordinator;
pub use metrics::{Metrics, Prometheus};
pub use nats::{Auth, Existing, JetStream, Nats, NatsMode, Storage, Tls};
pub use partitions::{Distribution, ExponentialWeights, PartitionWeights, Partitions};
pub use producers::{Producers, Publishing, RatePattern, RateVariation};
pub use simulation::{Isolation, Mode, Simulation};
pub use workers::{AssignmentStrategy, Consumption, StrategyConfig, Workers};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Configuration of one run of the simulation. Every section and every key has a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The run as a whole: how long, which part of it, which seed.
    pub simulation: Simulation,
    /// The partitions, their weights and their message rates.
    pub partitions: Partitions,
    /// Those who send.
    pub producers: Producers,
    /// Those who own partitions and process their messages.
    pub workers: Workers,
    /// The one who judges every message.
    pub coordinator: Coordinator,
    /// Faults injected while the run lasts.
    pub chaos: Chaos,
    /// The broker: one of our own, or a server that is already there.
    pub nats: Nats,
    /// What is exported while the run lasts.
    pub metrics: Metrics,
    /// Snapshots of a run, written while it goes on; a run that was stopped resumes from one.
    pub checkpoint: Checkpoint,
}
