//! What ends a producer before its time.

use broker::BrokerError;
use model::{PartitionId, ProducerId};

/// Why a producer stopped.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// Another process sends under the same name.
    #[error(
        "another process sends as {producer} (it wrote to partition {partition}): \
         give every producer process an id of its own"
    )]
    Replaced {
        /// The name.
        producer: ProducerId,
        /// Where it was noticed.
        partition: PartitionId,
    },
    /// The stream of messages cannot be used.
    #[error("messages cannot be sent: {0}")]
    Broker(#[from] BrokerError),
}
