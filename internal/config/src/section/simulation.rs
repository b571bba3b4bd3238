//! `simulation`: the run as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Millis;

/// The run as a whole: how long, which part of it, which seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Simulation {
    /// How long producers send and chaos strikes; then everything must drain.
    #[schemars(extend("x-min" = "1ms"))]
    pub duration: Millis,
    /// Which part this process plays.
    pub mode: Mode,
    /// Makes all that is drawn repeat; if absent drawn anew, by separate processes from their prefix.
    pub seed: Option<u64>,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { duration: Millis::from_secs(3_600), mode: Mode::AllInOne, seed: None }
    }
}

/// Which part a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything in one process.
    AllInOne,
    /// One producer.
    Producer,
    /// One worker.
    Worker,
    /// The coordinator.
    Coordinator,
    /// Chaos: breaks the processes that registered with it.
    Chaos,
}

/// Where a worker or producer of an all-in-one run lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// In the process of the run; a crash drops its task and its connection.
    Task,
    /// In a process of its own; a crash is a SIGKILL, a pause a SIGSTOP.
    Process,
}
