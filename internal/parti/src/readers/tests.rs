//! Readers that are merged while their queues overflow, moment by moment: a broker that delivers
//! what the test hands it, when the test says so.

use std::sync::Mutex;

use broker::{Append, AppendError, Reader, Record, StreamName, Subject};
use model::Weights;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::*;
use crate::context::Counters;
use crate::lane::QUEUE_MAX;
use crate::lease::Timing;
use crate::strategy::WeightedConsistentHash;
use crate::{MemberId, Names};

/// A reader that was opened: where, and the way into it.
struct Opened {
    start: Start,
    filters: Vec<Subject>,
    deliver: UnboundedSender<Record>,
}

#[derive(Clone, Default)]
struct ByHand(Arc<Mutex<Vec<Opened>>>);

struct ByHandReader(UnboundedReceiver<Record>);

impl Reader for ByHandReader {
    async fn next(&mut self) -> Result<Record, BrokerError> {
        match self.0.recv().await {
            Some(record) => Ok(record),
            None => std::future::pending().await,
        }
    }
}

impl Log for ByHand {
    type Reader = ByHandReader;

    async fn append(&self, _: Append) -> Result<Seq, AppendError> {
        Err(AppendError::Rejected("readers append nothing".into()))
    }

    async fn last(&self, _: &StreamName, _: &Subject) -> Result<Option<Record>, BrokerError> {
        Ok(None)
    }

    async fn first_at(
        &self,
        _: &StreamName,
        _: &Subject,
        _: Seq,
    ) -> Result<Option<Record>, BrokerError> {
        Ok(None)
    }

    async fn read(
        &self,
        _: &StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> Result<ByHandReader, BrokerError> {
        let (deliver, records) = mpsc::unbounded_channel();
        let mut opened = self.0.lock().expect("no test panics while it holds it");
        opened.push(Opened { start, filters, deliver });
        Ok(ByHandReader(records))
    }
}

struct World {
    broker: ByHand,
    names: Names,
    readers: Readers<ByHand>,
}

impl World {
    fn new() -> Self {
        let (broker, names) = (ByHand::default(), Names::new("g").expect("a good name"));
        let context = Context {
            broker: broker.clone(),
            names: names.clone(),
            me: MemberId::new("me").expect("a good name"),
            timing: Timing { lease: Duration::from_secs(3) },
            weights: Weights::uniform(4),
            strategy: Arc::new(WeightedConsistentHash::default()),
            handlers: Semaphore::new(1),
            counters: Arc::new(Counters::default()),
            listener: Box::new(|_| {}),
        };
        Self { broker, names, readers: Readers::new(Arc::new(context)) }
    }

    /// Feeds partitions from the beginning; returns their queues' other ends.
    fn open(&mut self, partitions: [u32; 2]) -> Vec<mpsc::Receiver<crate::Delivery>> {
        let mut feeds = BTreeMap::new();
        let mut queues = Vec::new();
        for partition in partitions.map(PartitionId) {
            let (queue, deliveries) = mpsc::channel(QUEUE_MAX);
            feeds.insert(partition, Feed { queue, fed: Position::new(Seq::NONE) });
            queues.push(deliveries);
        }
        self.readers.open(feeds, Seq(1));
        queues
    }

    fn deliver(&self, reader: usize, partition: u32, seq: u64) {
        let record = Record {
            subject: self.names.message(PartitionId(partition)),
            seq: Seq(seq),
            stored_at_us: 0,
            payload: bytes::Bytes::new(),
            pending: 0,
        };
        let opened = self.broker.0.lock().expect("no test panics while it holds it");
        opened[reader].deliver.send(record).expect("its pump is there");
    }

    /// What the newest of so many readers reads, and from where.
    async fn newest(&self, count: usize) -> (Start, Vec<Subject>) {
        settle().await;
        let opened = self.broker.0.lock().expect("no test panics while it holds it");
        assert_eq!(opened.len(), count);
        let newest = opened.last().expect("there is one");
        (newest.start, newest.filters.clone())
    }
}

/// Lets every task do what it can do now.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// Takes the news that is there.
async fn news(readers: &mut Readers<ByHand>) -> Vec<PartitionId> {
    let mut overflowed = Vec::new();
    while let Ok(news) = tokio::time::timeout(Duration::from_millis(1), readers.news()).await {
        overflowed.extend(news.expect("the stream is there"));
    }
    overflowed
}

/// Two readers that have caught up, one of them with a partition whose queue is just full.
async fn about_to_overflow() -> (World, Vec<mpsc::Receiver<crate::Delivery>>) {
    let mut world = World::new();
    let mut queues = world.open([0, 1]);
    queues.extend(world.open([2, 3]));
    settle().await;
    let full = QUEUE_MAX as u64;
    (1..=full).for_each(|seq| world.deliver(1, 2, seq));
    world.deliver(0, 0, full + 1);
    settle().await;
    assert_eq!(news(&mut world.readers).await, [], "all fitted");
    tokio::time::sleep(CALM).await;
    (world, queues)
}

#[tokio::test(start_paused = true)]
async fn readers_that_have_caught_up_are_merged() {
    let (mut world, _queues) = about_to_overflow().await;
    assert_eq!(world.readers.merge().await.expect("the stream is there"), []);
    let (start, filters) = world.newest(3).await;
    assert_eq!(start, Start::At(Seq(QUEUE_MAX as u64 + 1)));
    assert_eq!(filters, [0, 1, 2, 3].map(|n| world.names.message(PartitionId(n))));
}

/// The message comes when the merge has begun: its reader skips it and says so with its last breath.
#[tokio::test(start_paused = true)]
async fn an_overflow_that_is_told_during_a_merge_is_heard() {
    let (mut world, mut queues) = about_to_overflow().await;
    let late = QUEUE_MAX as u64 + 2;
    // The pump is woken, and cannot run before the merge waits for the first reader's end.
    world.deliver(1, 2, late);
    world.deliver(1, 3, late + 1);
    let overflowed = world.readers.merge().await.expect("the stream is there");
    assert_eq!(overflowed, [PartitionId(2)], "it must be fed anew, from what it missed");
    let (start, filters) = world.newest(3).await;
    assert_eq!(filters, [0, 1, 3].map(|n| world.names.message(PartitionId(n))));
    assert_eq!(start, Start::At(Seq(late)), "as far as the other reader had come");
    let queued = std::iter::from_fn(|| queues[2].try_recv().ok()).map(|delivery| delivery.seq.0);
    assert!(queued.eq(1..late - 1), "the late one was not squeezed in");
    assert_eq!(queues[3].try_recv().map(|delivery| delivery.seq.0), Ok(late + 1));
}
