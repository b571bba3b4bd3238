//! What a program does with its messages.

use std::future::Future;

use broker::Seq;
use bytes::Bytes;
use model::PartitionId;
use serde::Serialize;

/// A message handed to a [`Handler`].
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The partition it belongs to.
    pub partition: PartitionId,
    /// Its sequence in the stream of messages.
    pub seq: Seq,
    /// When the broker stored it: microseconds since the Unix epoch on the broker's clock.
    pub stored_at_us: i64,
    /// What was sent.
    pub payload: Bytes,
    /// How often this life of the member has handed it out: 1 at first, more after failures.
    pub attempt: u32,
}

/// Why a message could not be processed.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// Processes messages. An async function from [`Delivery`] to `Result<Output, HandlerError>` is one.
///
/// Messages of one partition come one after the other, in order; partitions side by side.
///
/// The handler runs *at least* once for each message: again after an error (with a growing pause;
/// return `Ok` to give a message up), and again at the next owner if this one dies before the
/// effect is recorded. The *effect*, which is `Output` in the ledger, is recorded exactly once.
pub trait Handler: Send + Sync + 'static {
    /// What is recorded for a message; JSON in the ledger.
    type Output: Serialize + Send + 'static;

    /// Processes one message. May be dropped at any await point if the partition is lost.
    fn handle(
        &self,
        delivery: Delivery,
    ) -> impl Future<Output = Result<Self::Output, HandlerError>> + Send;
}

impl<F, Answer, Output> Handler for F
where
    F: Fn(Delivery) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Output, HandlerError>> + Send,
    Output: Serialize + Send + 'static,
{
    type Output = Output;

    fn handle(
        &self,
        delivery: Delivery,
    ) -> impl Future<Output = Result<Output, HandlerError>> + Send {
        self(delivery)
    }
}
