//! What can go wrong at a broker, sorted by what the caller must do next.

use crate::{Expect, NameError, Seq, StreamName};

/// Why an append returned no sequence.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Not stored: somebody else wrote first, or an earlier attempt of ours did arrive. Look at what is
    /// stored to know.
    #[error("append refused: {0}")]
    Refused(Refusal),
    /// Not stored, and the same append will not be stored later: no such stream, stream full,
    /// payload too large, not allowed.
    #[error("append rejected: {0}")]
    Rejected(String),
    /// Nobody knows: the request or its answer was lost, and the record may be stored even after
    /// this error was returned. Look at the last record, and repeat under the same expectation.
    #[error("append in doubt: {0}")]
    InDoubt(String),
}

/// What stood in the way of an append.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The expectation did not hold.
    #[error("the last record of {} is not {}", .0.subject, .0.seq)]
    Expectation(Expect),
    /// The broker remembers its message id: it was that of this record, which may be gone by now.
    #[error("its message id is that of record {0}")]
    Duplicate(Seq),
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
