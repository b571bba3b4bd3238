//! What can go wrong at a broker, sorted by what the caller must do next.

use crate::{Expect, NameError, StreamName};

/// Why an append returned no sequence.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Not stored: the expectation did not hold. Somebody else wrote first, or an earlier attempt
    /// of ours did arrive: look at the last record to know.
    #[error("append refused: the last record of {} is not {}", .0.subject, .0.seq)]
    Refused(Expect),
    /// Not stored, and the same append will not be stored later: no such stream, stream full,
    /// payload too large, not allowed.
    #[error("append rejected: {0}")]
    Rejected(String),
    /// Nobody knows: the request or its answer was lost, and the record may be stored even after
    /// this error was returned. Look at the last record, and repeat under the same expectation.
    #[error("append in doubt: {0}")]
    InDoubt(String),
}

/// Why a broker could not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BrokerError {
    /// No answer now; asking again later is right.
    #[error("broker unavailable: {0}")]
    Unavailable(String),
    /// The stream does not exist (any more).
    #[error("stream {0} does not exist")]
    Gone(StreamName),
    /// The stream exists with other settings than the ones asked for.
    #[error(
        "stream {stream} exists with other settings: {detail}; use another name prefix or delete it"
    )]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// What differs.
        detail: String,
    },
    /// The broker is not one that this project can stand on, or does not let us in.
    #[error("{0}")]
    Unsuitable(String),
    /// A name that the broker does not take.
    #[error(transparent)]
    Name(#[from] NameError),
}
