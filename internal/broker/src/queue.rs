//! Durable consumers with explicit acknowledgements, as the usual designs of consumer groups use
//! them.
//!
//! `parti` does not stand on them, and this port shows why: the broker keeps the position, so it
//! cannot be asked to go back; and an acknowledgement names a record, not an owner, so it fences
//! nobody. They are here to be judged, with every wart: what a method promises is what JetStream
//! does, and the conformance suite holds each adapter to it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::{BrokerError, Log, NameError, Record, Seq, StreamName, Subject};

/// The name of a durable consumer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsumerName(StreamName);

impl ConsumerName {
    /// Takes letters, digits, `-` and `_`.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        // The same rule as for streams.
        StreamName::new(name).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ConsumerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A durable consumer to be made or changed. It begins with the first record of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSpec {
    /// Its name.
    pub name: ConsumerName,
    /// What it delivers (wildcards allowed, filters must not overlap). None at all means *all*: a
    /// consumer whose last filter is taken away delivers everything, though it does not hear of new
    /// records until a pull looks for them.
    pub filters: Vec<Subject>,
    /// A delivered record that is not acknowledged for this long is delivered again.
    pub ack_wait: Duration,
    /// How often a record is delivered at most; it is then given up, and stays in the stream.
    /// `None` sets no bound.
    pub max_deliver: Option<u32>,
    /// While this many records are delivered and not acknowledged, no new ones are.
    pub max_ack_pending: u32,
}

/// A record that was delivered, and what is needed to acknowledge it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The record.
    pub record: Record,
    /// Names this delivery.
    pub receipt: Receipt,
}

/// Names a delivery. It carries no owner: whoever holds one may use it, at any time, over any
/// connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The stream.
    pub stream: StreamName,
    /// The consumer.
    pub consumer: ConsumerName,
    /// The record.
    pub seq: Seq,
    /// The number of this delivery among all of its consumer: 1, 2, 3, …
    pub number: u64,
    /// How often the record was delivered by then; 1 is the first time.
    pub tries: u64,
}

/// How far a consumer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumerState {
    /// Records that it will deliver, and has not yet.
    pub waiting: u64,
    /// Records that were delivered, and are not acknowledged.
    pub unacked: u64,
    /// Records that were delivered more than once, and are not acknowledged. A record that was given
    /// up stays in this count.
    pub redelivered: u64,
    /// How far it has looked, at least: no record up to here is delivered for the first time any more,
    /// whatever filters are added. A server that found nothing further on need not say how far it was.
    pub position: Seq,
}

/// Why a consumer did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// The broker, or the stream.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// There is no such consumer (any more); create it.
    #[error("stream {stream} has no consumer {consumer}")]
    Missing {
        /// The stream.
        stream: StreamName,
        /// The consumer.
        consumer: ConsumerName,
    },
    /// The consumer cannot be made like this: filters overlap, for example.
    #[error("consumer {consumer} cannot be made: {why}")]
    Rejected {
        /// The consumer.
        consumer: ConsumerName,
        /// What is wrong.
        why: String,
    },
}

/// Durable consumers with explicit acknowledgements.
pub trait Queue: Log {
    /// Makes a consumer, or changes one. What was delivered stays delivered, and the position stays
    /// where it is: records of a subject that is added, and lie before it, are never delivered.
    fn consumer(
        &self,
        stream: &StreamName,
        spec: &ConsumerSpec,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The next delivery: a record to be delivered again, whatever the filters say now, otherwise a
    /// new one. Waits at most `patience` for it.
    ///
    /// Not cancel safe: what is delivered to a caller that is gone is delivered again only when the
    /// consumer's wait is over.
    fn pull(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        patience: Duration,
    ) -> impl Future<Output = Result<Option<Delivery>, QueueError>> + Send;

    /// Acknowledges a record, and waits until the broker has understood.
    ///
    /// It counts for the record, not for the delivery: one from an earlier delivery, from a member
    /// that is no owner any more, even one from a consumer of this name that was deleted since,
    /// acknowledges the record wherever it is pending now. For a record that is not pending it does
    /// nothing, and succeeds.
    ///
    /// # Errors
    ///
    /// [`BrokerError::Unavailable`] also if the consumer has not delivered the record yet: the broker
    /// does not answer that.
    fn ack(&self, receipt: &Receipt) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Asks for a record to be delivered again, now. Does nothing, and succeeds, if the record is not
    /// pending or its delivery is not one that this consumer remembers.
    fn nak(&self, receipt: &Receipt) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Removes a consumer, if it is there.
    fn remove(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// How far a consumer is; `None` if there is none.
    fn progress(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> impl Future<Output = Result<Option<ConsumerState>, QueueError>> + Send;
}
