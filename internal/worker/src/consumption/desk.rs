//! What both durable designs do with a delivery: handle it, tell the ledger, acknowledge it. In this
//! order, so that a crash in between repeats the message and loses none.

use std::time::Duration;

use broker::{
    Backoff, BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery, Queue, QueueError,
    Subject, insistently,
};
use model::PartitionId;
use parti::{Handler, MemberId, Names};
use reports::Output;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::teller::Teller;
use crate::handler::Processing;

/// Deliveries of one consumer that may be unacknowledged at once.
const UNACKED_MAX: u32 = 64;

/// Where a worker of a durable design works.
pub(crate) struct Desk<B> {
    pub(crate) broker: B,
    pub(crate) names: Names,
    pub(crate) me: MemberId,
    pub(crate) processing: Processing,
    /// Bounds the handlers that run at once.
    pub(crate) handlers: Semaphore,
    pub(crate) lease: Duration,
    pub(crate) ack_wait: Duration,
}

/// A delivery, and when it was asked for: the broker counts its wait from no earlier.
pub(super) struct InHand {
    pub(super) delivery: Delivery,
    pub(super) asked_at: Instant,
}

impl<B: Queue> Desk<B> {
    pub(super) fn spec(&self, name: &ConsumerName, filters: Vec<Subject>) -> ConsumerSpec {
        ConsumerSpec {
            name: name.clone(),
            filters,
            ack_wait: self.ack_wait,
            max_deliver: None,
            max_ack_pending: UNACKED_MAX,
        }
    }

    /// How long a pull waits; whoever is to let go waits for it, for what is delivered to a pull
    /// that was given up comes again only when its wait is over.
    fn patience(&self) -> Duration {
        self.lease / 3
    }

    /// How long a handler may go on after its partition was revoked.
    pub(super) fn grace(&self) -> Duration {
        self.lease / 2
    }

    /// Makes a consumer, or changes one, until the broker has understood.
    pub(super) async fn make(&self, spec: &ConsumerSpec) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.broker.consumer(&self.names.messages, spec).await {
            if !is_outage(&error) {
                tracing::warn!(consumer = %spec.name, %error, "no consumer; trying again");
            }
            backoff.wait().await;
        }
    }

    /// How far a consumer is, as soon as the broker answers.
    pub(super) async fn progress(&self, consumer: &ConsumerName) -> Option<ConsumerState> {
        insistently(|| self.broker.progress(&self.names.messages, consumer)).await
    }

    /// Whether the group has been at work: somebody told so of the first partition.
    pub(super) async fn is_begun(&self) -> bool {
        let (ledger, first) = (&self.names.ledger, self.names.own(PartitionId(0)));
        insistently(|| self.broker.last(ledger, &first)).await.is_some()
    }

    /// The next delivery, if there is one soon.
    pub(super) async fn pull(&self, consumer: &ConsumerName) -> Result<Option<InHand>, QueueError> {
        let asked_at = Instant::now();
        let pulled = self.broker.pull(&self.names.messages, consumer, self.patience()).await?;
        Ok(pulled.map(|delivery| InHand { delivery, asked_at }))
    }

    /// The partition of a delivery.
    pub(super) fn partition(&self, of: &InHand) -> Option<PartitionId> {
        self.names.partition_of(&of.delivery.record.subject)
    }

    /// Handles a message, tells, and acknowledges it. One that was in hand for so long that the broker
    /// delivers it again is left to that delivery.
    pub(super) async fn work(&self, hand: InHand, teller: &mut Teller<B>) {
        let InHand { delivery, asked_at } = hand;
        let Some(output) = self.handle(&delivery, asked_at, teller.partition).await else { return };
        teller.done(delivery.record.seq, output).await;
        self.ack(&delivery).await;
    }

    pub(super) async fn handle(
        &self,
        delivery: &Delivery,
        asked_at: Instant,
        partition: PartitionId,
    ) -> Option<Output> {
        let _permit = self.handlers.acquire().await.ok()?;
        if asked_at.elapsed() >= self.ack_wait {
            return None;
        }
        self.processing.tally.attempted();
        let record = &delivery.record;
        let message = parti::Delivery {
            partition,
            seq: record.seq,
            stored_at_us: record.stored_at_us,
            payload: record.payload.clone(),
            attempt: u32::try_from(delivery.receipt.tries).unwrap_or(u32::MAX),
        };
        self.processing.handle(message).await.ok()
    }

    /// Acknowledges until the broker has understood, or delivers it again anyway.
    pub(super) async fn ack(&self, delivery: &Delivery) {
        let (mut backoff, began) = (Backoff::default(), Instant::now());
        while began.elapsed() < self.ack_wait {
            match self.broker.ack(&delivery.receipt).await {
                Err(error) if is_outage(&error) => backoff.wait().await,
                // Without its consumer there is nothing to acknowledge.
                _ => return,
            }
        }
    }

    /// Gives a delivery back, for whoever asks next. If the broker does not hear of it, it comes again
    /// when its wait is over.
    pub(super) async fn give_back(&self, delivery: &Delivery) {
        if let Err(error) = self.broker.nak(&delivery.receipt).await {
            tracing::debug!(seq = %delivery.receipt.seq, %error, "not given back");
        }
    }
}

/// Whether asking again may help.
pub(super) fn is_outage(error: &QueueError) -> bool {
    matches!(error, QueueError::Broker(BrokerError::Unavailable(_)))
}
