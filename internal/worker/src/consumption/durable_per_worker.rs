//! One durable consumer for each worker, whose filters are swapped at each rebalance: the usual design,
//! and the one that loses messages. A consumer has one position and never goes back, so what the old
//! owner had not done and the new owner's consumer is already beyond is never delivered; and what was
//! delivered to a worker that died stays with its consumer.
//!
//! It is as careful as the design can be: without partitions it has a filter that matches nothing (none
//! at all would match everything); who joins a group that is at work begins with what comes then (it
//! would repeat all that the others did), and the first members with the first message; and it lets go
//! before it acknowledges.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Backoff, ConsumerName, Queue, QueueError, Seq, Subject, insistently};
use model::{PartitionId, watch};
use parti::records::{Epoch, Session};
use parti::{Assignee, Assignment, PartitionSet};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::desk::{Desk, InHand};
use super::teller::Teller;

/// Deliveries and questions that wait in one lane; the consumer delivers no more than that.
const LANE_MAX: usize = 128;

/// No group has so many.
const NO_PARTITION: PartitionId = PartitionId(u32::MAX);

/// Consumes all partitions of a worker by one consumer.
pub(super) struct DurablePerWorker<B> {
    desk: Arc<Desk<B>>,
    consumer: ConsumerName,
    held: Mutex<Held>,
    orders: mpsc::Sender<Order>,
    /// The life that deliveries are told under.
    session: watch::Sender<Option<Session>>,
    /// Whether the consumer stands where it begins.
    ready: watch::Receiver<bool>,
    /// Whether it was ever given anything.
    given: watch::Sender<bool>,
    _pump: JoinSet<()>,
}

#[derive(Default)]
struct Held {
    partitions: PartitionSet,
    session: Session,
}

/// What a lane is asked to tell; answered when everything before it is done.
enum Order {
    Owned { partition: PartitionId, epoch: Epoch, position: Seq },
    Released { partition: PartitionId, done: oneshot::Sender<()> },
}

enum Job {
    Work(InHand),
    Tell(Order),
}

impl<B: Queue> DurablePerWorker<B> {
    /// Begins to pull, from nothing yet.
    pub(super) fn start(desk: Arc<Desk<B>>) -> Self {
        let consumer = ConsumerName::new(desk.me.as_str()).expect("a member's name is one");
        let (orders, ordered) = mpsc::channel(LANE_MAX);
        let (session, lives) = watch::channel(None);
        let (is_ready, ready) = watch::channel(false);
        let (given, is_given) = watch::channel(false);
        let (deliveries, delivered) = mpsc::channel(1);
        let mut pump = JoinSet::new();
        let puller = Puller { desk: desk.clone(), consumer: consumer.clone(), deliveries };
        pump.spawn(puller.run(is_ready, is_given));
        pump.spawn(run(desk.clone(), delivered, ordered, lives));
        Self { desk, consumer, held: Mutex::default(), orders, session, ready, given, _pump: pump }
    }
}

/// Filters for these partitions; for none, one that matches nothing.
fn filters<B>(desk: &Desk<B>, partitions: &PartitionSet) -> Vec<Subject> {
    if partitions.0.is_empty() {
        return vec![desk.names.message(NO_PARTITION)];
    }
    partitions.0.iter().map(|partition| desk.names.message(*partition)).collect()
}

impl<B: Queue> Assignee for DurablePerWorker<B> {
    async fn assign(&self, assignment: Assignment) {
        let Assignment { session, epoch, partitions } = assignment;
        let mut held = self.held.lock().await;
        if held.session != session {
            *held = Held { session, ..Held::default() };
            self.session.send_replace(Some(session));
        }
        let _ = self.ready.clone().wait_for(|ready| *ready).await;
        self.desk.make(&self.desk.spec(&self.consumer, filters(&self.desk, &partitions))).await;
        self.given.send_replace(true);
        let position = self.desk.progress(&self.consumer).await;
        let position = position.map(|state| state.position).unwrap_or_default();
        let before = std::mem::replace(&mut held.partitions, partitions.clone());
        let mut flushing = Vec::new();
        for partition in before.0.difference(&partitions.0).copied() {
            let (done, flushed) = oneshot::channel();
            let _ = self.orders.send(Order::Released { partition, done }).await;
            flushing.push(flushed);
        }
        for partition in partitions.0.difference(&before.0).copied() {
            let _ = self.orders.send(Order::Owned { partition, epoch, position }).await;
        }
        let bound = Instant::now() + self.desk.grace() + self.desk.lease;
        for flushed in flushing {
            let _ = timeout_at(bound, flushed).await;
        }
    }
}

/// Hands each delivery, and what is to be told, to the lane of its partition.
async fn run<B: Queue>(
    desk: Arc<Desk<B>>,
    mut delivered: mpsc::Receiver<InHand>,
    mut orders: mpsc::Receiver<Order>,
    session: watch::Receiver<Option<Session>>,
) {
    let mut lanes: BTreeMap<PartitionId, mpsc::Sender<Job>> = BTreeMap::new();
    let mut at_work = JoinSet::new();
    let mut lane = |partition: PartitionId| {
        let lane = lanes.entry(partition).or_insert_with(|| {
            let (jobs, waiting) = mpsc::channel(LANE_MAX);
            at_work.spawn(work(desk.clone(), partition, waiting, session.clone()));
            jobs
        });
        lane.clone()
    };
    loop {
        let (partition, job) = tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(order) => (order.partition(), Job::Tell(order)),
                None => return,
            },
            Some(hand) = delivered.recv() => match desk.partition(&hand) {
                Some(partition) => (partition, Job::Work(hand)),
                None => continue,
            },
        };
        if lane(partition).send(job).await.is_err() {
            return;
        }
    }
}

impl Order {
    fn partition(&self) -> PartitionId {
        match self {
            Self::Owned { partition, .. } | Self::Released { partition, .. } => *partition,
        }
    }
}

/// Pulls for ever.
struct Puller<B> {
    desk: Arc<Desk<B>>,
    consumer: ConsumerName,
    deliveries: mpsc::Sender<InHand>,
}

impl<B: Queue> Puller<B> {
    async fn run(self, ready: watch::Sender<bool>, mut given: watch::Receiver<bool>) {
        let nothing = self.desk.spec(&self.consumer, filters(&self.desk, &PartitionSet::default()));
        self.desk.make(&nothing).await;
        if self.desk.is_begun().await {
            // To look for nothing is to pass over all that there is.
            insistently(|| self.desk.pull(&self.consumer)).await;
            ready.send_replace(true);
        } else {
            ready.send_replace(true);
            self.wait(&mut given).await;
        }
        let mut backoff = Backoff::default();
        loop {
            match self.desk.pull(&self.consumer).await {
                Ok(None) => backoff = Backoff::default(),
                Ok(Some(hand)) => {
                    backoff = Backoff::default();
                    if self.deliveries.send(hand).await.is_err() {
                        return;
                    }
                }
                Err(QueueError::Missing { .. }) => self.desk.make(&nothing).await,
                Err(_) => backoff.wait().await,
            }
        }
    }

    /// Waits until it is given something, or the others have been at work for a lease without it.
    async fn wait(&self, given: &mut watch::Receiver<bool>) {
        let mut begun: Option<Instant> = None;
        while begun.is_none_or(|begun| begun.elapsed() < self.desk.lease) {
            let look = Instant::now() + self.desk.lease / 3;
            if timeout_at(look, given.wait_for(|given| *given)).await.is_ok() {
                return;
            }
            if begun.is_none() && self.desk.is_begun().await {
                begun = Some(Instant::now());
            }
        }
    }
}

/// The messages of one partition, one after the other.
async fn work<B: Queue>(
    desk: Arc<Desk<B>>,
    partition: PartitionId,
    mut jobs: mpsc::Receiver<Job>,
    mut session: watch::Receiver<Option<Session>>,
) {
    let mut teller: Option<Teller<B>> = None;
    while let Some(job) = jobs.recv().await {
        if session.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let now = session.borrow().unwrap_or_default();
        let teller = match &mut teller {
            Some(teller) if teller.session == now => teller,
            other => other.insert(Teller::new(&desk, partition, now, Arc::default())),
        };
        match job {
            Job::Work(hand) => desk.work(hand, teller).await,
            Job::Tell(Order::Owned { epoch, position, .. }) => {
                teller.owned(epoch, Some(position)).await;
            }
            Job::Tell(Order::Released { done, .. }) => {
                teller.released().await;
                let _ = done.send(());
            }
        }
    }
}
