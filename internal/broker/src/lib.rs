//! The port: the few things that this project asks of a message broker.
//!
//! A broker keeps *streams*: logs of records, each under a subject, numbered by one rising sequence
//! per stream. Everything stands on one primitive, the conditional append: a record is stored only
//! if the last record of a subject is still the one that the writer has seen ([`Expect`]). A lease,
//! a claim, an effect and a message that must not be stored twice are all conditional appends.
//!
//! A *key-value store* is a way to use it, as it is for JetStream: a bucket is a stream that keeps one
//! record of each subject, a key is a subject, its value [`Log::last`], compare-and-set an append
//! [after](Append::after) that record, creation one after [`Seq::NONE`], a watch a reader from
//! [`Start::LastPerSubject`], and [`Admin::trim`] forgets a key.
//!
//! Two things are beside them, which this project judges and does not stand on: durable consumers
//! ([`Queue`]), and message ids ([`MessageId`]), by which a record that is sent again is known for as long as a
//! window of time is open. An append in doubt that is repeated under the same expectation needs no window
//! ([`AppendError::InDoubt`]).
//!
//! This room talks to no broker; adapters live in rooms of their own and pass one conformance suite.
//! [`Freezable`] stands in front of any of them.

mod append;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod freeze;
mod names;
mod patience;
mod queue;
mod read;
mod stream;

use std::future::Future;

pub use append::{Append, Expect};
pub use error::{AppendError, BrokerError, Refusal};
pub use freeze::{Freezable, FreezableReader, Freezer};
pub use names::{MessageId, NameError, Seq, StreamName, Subject};
pub use patience::{Backoff, insistently, patiently, patiently_for};
pub use queue::{ConsumerName, ConsumerSpec, ConsumerState, Delivery, Queue, QueueError, Receipt};
pub use read::{Record, Start};
pub use stream::{Storage, StreamSpec, StreamState};

/// What members of a group do: append, look at the last record of a subject, and follow a stream.
///
/// A handle is cheap to clone; clones share one connection. Dropping the last clone closes it.
pub trait Log: Clone + Send + Sync + 'static {
    /// Follows a stream; see [`Log::read`].
    type Reader: Reader;

    /// Stores a record and returns its sequence.
    ///
    /// # Errors
    ///
    /// [`AppendError`] tells the three outcomes apart that a caller must treat differently: refused
    /// because the expectation did not hold, rejected for good, and *in doubt*.
    fn append(&self, append: Append) -> impl Future<Output = Result<Seq, AppendError>> + Send;

    /// The newest record whose subject matches `subject` (wildcards allowed), or `None`.
    ///
    /// The answer is authoritative: every append that was acknowledged before the call is seen.
    fn last(
        &self,
        stream: &StreamName,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Record>, BrokerError>> + Send;

    /// The oldest record of `subject` (no wildcards) whose sequence is at least `at`, or `None`.
    /// As authoritative as [`Log::last`].
    fn first_at(
        &self,
        stream: &StreamName,
        subject: &Subject,
        at: Seq,
    ) -> impl Future<Output = Result<Option<Record>, BrokerError>> + Send;

    /// Follows the records of `stream` whose subject matches one of `filters` (`*` and `>` are
    /// understood; filters must not overlap and must not be empty), in sequence order.
    fn read(
        &self,
        stream: &StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> impl Future<Output = Result<Self::Reader, BrokerError>> + Send;
}

/// Follows a stream without end.
pub trait Reader: Send + 'static {
    /// The next record. Waits, through outages of the broker too, until there is one: no record is
    /// skipped, repeated or reordered. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`BrokerError::Gone`] when the stream no longer exists. The reader is then finished.
    fn next(&mut self) -> impl Future<Output = Result<Record, BrokerError>> + Send;
}

/// What the owner of the streams does: create, measure, trim and delete them.
pub trait Admin: Log {
    /// Creates the stream unless it is there.
    ///
    /// # Errors
    ///
    /// [`BrokerError::Conflict`] if it is there with other settings.
    fn ensure(&self, spec: &StreamSpec) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// First and last sequence, records and bytes of a stream, or `None` if it does not exist.
    fn state(
        &self,
        stream: &StreamName,
    ) -> impl Future<Output = Result<Option<StreamState>, BrokerError>> + Send;

    /// Removes the records of `subject` below `below`. Nothing lies below 1: that is done without
    /// asking the broker, even whether the stream exists.
    fn trim(
        &self,
        stream: &StreamName,
        subject: &Subject,
        below: Seq,
    ) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Removes a stream with everything in it, if it is there.
    fn delete(&self, stream: &StreamName) -> impl Future<Output = Result<(), BrokerError>> + Send;
}
