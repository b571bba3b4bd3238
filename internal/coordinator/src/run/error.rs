//! What keeps a coordinator from judging.

use broker::{BrokerError, Seq, StreamName};

use crate::OtherSettings;

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
    /// What a run that goes on would have to read is no longer there.
    #[error(
        "stream {stream} has lost the records from {} to {}, which the checkpoint has not seen: \
         the run cannot be judged from it; resume from a newer checkpoint, or begin anew",
        read.next(), next.0.saturating_sub(1)
    )]
    Missing {
        /// The stream.
        stream: StreamName,
        /// Up to where it had been read.
        read: Seq,
        /// The first record after that which is still there.
        next: Seq,
    },
    /// The streams are not those of the run that goes on.
    #[error(
        "stream {stream} ends with record {last}, and the checkpoint has read it up to {read}: it \
         is not the stream of that run; resume where the run's streams are"
    )]
    OtherStream {
        /// The stream.
        stream: StreamName,
        /// Its last record.
        last: Seq,
        /// Up to where it had been read.
        read: Seq,
    },
    /// The checkpoint is not one of this run.
    #[error("the run cannot go on from this checkpoint: {0}")]
    OtherRun(#[from] OtherSettings),
}
