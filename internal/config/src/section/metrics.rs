//! `metrics`: what is exported while the run lasts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is exported while the run lasts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Metrics for Prometheus, and the pages.
    pub prometheus: Prometheus,
}

/// Metrics for Prometheus, and the pages, over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prometheus {
    /// Whether the HTTP server runs.
    pub enabled: bool,
    /// Port of the HTTP server; producers and workers in processes of their own take the next free one.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,
    /// Address on which it listens; `0.0.0.0` to be reachable from other machines.
    #[schemars(extend("minLength" = 1))]
    pub host: String,
    /// Whether every partition has series of its own: messages in flight, and who owns it.
    pub per_partition: bool,
}

impl Default for Prometheus {
    fn default() -> Self {
        Self { enabled: false, port: 9_090, host: "127.0.0.1".into(), per_partition: false }
    }
}
