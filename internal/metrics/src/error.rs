//! Why metrics could not be set up or written.

/// A metric is named or described in a way that Prometheus does not take: a mistake in this room.
#[derive(Debug, thiserror::Error)]
#[error("the metrics cannot be exported: {0}; this is a mistake in the program, please report it")]
pub struct MetricsError(#[from] prometheus::Error);
