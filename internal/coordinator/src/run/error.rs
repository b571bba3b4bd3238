//! What keeps a coordinator from judging.

use broker::{BrokerError, StreamName};

/// Why a run cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum CoordinatorError {
    /// The streams cannot be used.
    #[error("the streams of the run cannot be read: {0}")]
    Broker(#[from] BrokerError),
    /// The beginning of the run is no longer there.
    #[error(
        "stream {0} has been trimmed: without its beginning the run cannot be judged; \
         use another nats.name_prefix, or delete the streams of the earlier run"
    )]
    Trimmed(StreamName),
}
