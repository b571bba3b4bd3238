//! From a reader to the queues of its partitions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{Reader, Record, Seq};
use model::PartitionId;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::Names;
use crate::handler::Delivery;

/// A position that one task writes and another reads after the first has ended.
#[derive(Clone, Debug)]
pub(crate) struct Position(Arc<AtomicU64>);

impl Position {
    pub(crate) fn new(seq: Seq) -> Self {
        Self(Arc::new(AtomicU64::new(seq.0)))
    }

    pub(crate) fn get(&self) -> Seq {
        Seq(self.0.load(Ordering::Acquire))
    }

    fn set(&self, seq: Seq) {
        self.0.store(seq.0, Ordering::Release);
    }
}

/// The way into a lane's queue.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) queue: mpsc::Sender<Delivery>,
    /// Everything up to here is in the queue or was done before.
    pub(crate) fed: Position,
}

/// What a pump tells the one who started it.
#[derive(Debug)]
pub(crate) enum PumpNews {
    /// The partition's queue is full: this pump no longer feeds it.
    Overflow(PartitionId),
    /// The reader has delivered everything that was stored.
    CaughtUp,
    /// The stream of messages is gone.
    Broken(broker::BrokerError),
}

/// Feeds partitions from one reader.
pub(crate) struct Pump<R> {
    pub(crate) id: u64,
    pub(crate) reader: R,
    pub(crate) names: Names,
    pub(crate) feeds: BTreeMap<PartitionId, Feed>,
    /// Everything up to here has been delivered for every partition that is still fed.
    pub(crate) read: Position,
    pub(crate) news: mpsc::UnboundedSender<(u64, PumpNews)>,
}

impl<R: Reader> Pump<R> {
    /// Pumps until no partition is left.
    ///
    /// With several partitions it never waits for one of them: a full queue loses its place here. A
    /// single partition is waited for; the broker holds the rest back.
    pub(crate) async fn run(mut self) {
        let alone = self.feeds.len() == 1;
        let mut caught_up = false;
        while !self.feeds.is_empty() {
            let record = match self.reader.next().await {
                Ok(record) => record,
                Err(error) => return tell(&self.news, self.id, PumpNews::Broken(error)),
            };
            let (seq, pending) = (record.seq, record.pending);
            let overflow = if alone { self.wait(record).await } else { self.offer(record) };
            self.read.set(seq);
            if let Some(partition) = overflow {
                tell(&self.news, self.id, PumpNews::Overflow(partition));
            }
            if pending == 0 && !caught_up {
                caught_up = true;
                tell(&self.news, self.id, PumpNews::CaughtUp);
            }
        }
    }

    /// Puts a message into its queue if there is room; returns the partition if there is none.
    fn offer(&mut self, record: Record) -> Option<PartitionId> {
        let (partition, delivery) = self.deliverable(record)?;
        let feed = self.feeds.get(&partition)?;
        let seq = delivery.seq;
        match feed.queue.try_send(delivery) {
            Ok(()) => {
                feed.fed.set(seq);
                None
            }
            Err(TrySendError::Full(_)) => {
                self.feeds.remove(&partition);
                Some(partition)
            }
            Err(TrySendError::Closed(_)) => {
                self.feeds.remove(&partition);
                None
            }
        }
    }

    async fn wait(&mut self, record: Record) -> Option<PartitionId> {
        let (partition, delivery) = self.deliverable(record)?;
        let feed = self.feeds.get(&partition)?;
        let seq = delivery.seq;
        match feed.queue.send(delivery).await {
            Ok(()) => feed.fed.set(seq),
            Err(_) => {
                self.feeds.remove(&partition);
            }
        }
        None
    }

    /// The message as a delivery, unless its partition has had it or is not fed here.
    fn deliverable(&self, record: Record) -> Option<(PartitionId, Delivery)> {
        let partition = self.names.partition_of(&record.subject)?;
        let feed = self.feeds.get(&partition)?;
        let delivery = Delivery {
            partition,
            seq: record.seq,
            stored_at_us: record.stored_at_us,
            payload: record.payload,
            attempt: 1,
        };
        (record.seq > feed.fed.get()).then_some((partition, delivery))
    }
}

/// Never waits, so that a pump that is stopped has told everything that it has done.
fn tell(news: &mpsc::UnboundedSender<(u64, PumpNews)>, id: u64, what: PumpNews) {
    // If nobody listens any more, the member is ending.
    let _ = news.send((id, what));
}
