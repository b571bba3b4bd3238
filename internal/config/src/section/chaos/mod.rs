//! `chaos`: faults injected while the run lasts.

mod action;
mod event;
mod target;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use action::{Mixed, Parameters, Scripted};
pub use event::ChaosEvent;
pub use target::Target;

use crate::{Interval, Millis, Secret};

/// Faults injected while the run lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Whether faults are injected.
    pub enabled: bool,
    /// What may happen: names, or sections with a weight and parameters; none if only a script is given.
    pub events: Vec<Mixed>,
    /// Time from one event to the next, drawn evenly: `5m`, `10m-30m` or `10-30m`.
    #[schemars(extend("x-min" = "1ms"))]
    pub interval: Interval,
    /// What happens at which time of the run, beside what is drawn from `events`.
    #[schemars(extend("x-right" = "use a list of sections with at, event, and parameters"))]
    pub script: Vec<Scripted>,
    /// How long a crashed worker or producer stays away before it comes back.
    pub restart_after: Millis,
    /// What `POST /chaos/…` must carry where others can reach it; also `SIMULATION_CHAOS_TOKEN`.
    pub token: Option<Secret>,
}

impl Default for Chaos {
    fn default() -> Self {
        Self {
            enabled: false,
            events: ChaosEvent::DEFAULT_MIX.map(Mixed::from).to_vec(),
            interval: Interval { min: Millis::from_secs(600), max: Millis::from_secs(1_800) },
            script: Vec::new(),
            restart_after: Millis::from_secs(10),
            token: None,
        }
    }
}
