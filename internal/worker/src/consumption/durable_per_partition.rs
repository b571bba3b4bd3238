//! One durable consumer for each partition, used by whoever is granted it: the position stays with the
//! partition, so nothing is lost at a hand-over. Acknowledgements fence nobody: what was done and not
//! acknowledged is done again.
//!
//! Each partition has one message in hand at a time, so its messages keep their order while nothing
//! breaks. Who lets go gives back what it had not begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use broker::{Backoff, ConsumerName, Queue, QueueError};
use model::{PartitionId, watch};
use parti::records::{Epoch, Session};
use parti::{Assignee, Assignment};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::desk::Desk;
use super::teller::Teller;

/// Consumes partitions by consumers of their own.
pub(super) struct DurablePerPartition<B> {
    desk: Arc<Desk<B>>,
    lanes: Mutex<Lanes>,
}

/// The partitions at work in one life.
#[derive(Default)]
struct Lanes {
    session: Session,
    open: BTreeMap<PartitionId, Lane>,
    /// Records told so far of each partition, let go of or not.
    told: BTreeMap<PartitionId, Arc<AtomicU64>>,
}

/// A partition at work; ends with this value.
struct Lane {
    /// When it must be over.
    stop: watch::Sender<Option<Instant>>,
    task: JoinSet<()>,
}

impl<B: Queue> DurablePerPartition<B> {
    pub(super) fn new(desk: Arc<Desk<B>>) -> Self {
        Self { desk, lanes: Mutex::default() }
    }

    fn begin(&self, lanes: &mut Lanes, partition: PartitionId, epoch: Epoch) -> Lane {
        let (stop, stopped) = watch::channel(None);
        let told = lanes.told.entry(partition).or_default().clone();
        let teller = Teller::new(&self.desk, partition, lanes.session, told);
        let mut task = JoinSet::new();
        task.spawn(run(teller, epoch, stopped));
        Lane { stop, task }
    }
}

impl<B: Queue> Assignee for DurablePerPartition<B> {
    async fn assign(&self, assignment: Assignment) {
        let Assignment { session, epoch, partitions } = assignment;
        let mut lanes = self.lanes.lock().await;
        if lanes.session != session {
            // What is left of an earlier life ends where it is.
            *lanes = Lanes { session, ..Lanes::default() };
        }
        let until = Instant::now() + self.desk.grace();
        let gone: Vec<_> =
            lanes.open.keys().copied().filter(|p| !partitions.0.contains(p)).collect();
        let mut ending: BTreeMap<_, _> =
            gone.into_iter().filter_map(|p| Some((p, lanes.open.remove(&p)?))).collect();
        for lane in ending.values() {
            lane.stop.send_replace(Some(until));
        }
        for partition in &partitions.0 {
            if !lanes.open.contains_key(partition) {
                let lane = self.begin(&mut lanes, *partition, epoch);
                lanes.open.insert(*partition, lane);
            }
        }
        // Who cannot say in time that it let go is cut short: it is taken over from.
        let bound = until + self.desk.lease;
        for lane in ending.values_mut() {
            let _ = timeout_at(bound, lane.task.join_next()).await;
        }
    }
}

/// Works on a partition until it is told to stop.
async fn run<B: Queue>(
    mut teller: Teller<B>,
    epoch: Epoch,
    mut stop: watch::Receiver<Option<Instant>>,
) {
    let desk = teller.desk.clone();
    let partition = teller.partition;
    let name = ConsumerName::new(format!("partition-{partition}")).expect("a word and a number");
    let spec = desk.spec(&name, vec![desk.names.message(partition)]);
    desk.make(&spec).await;
    teller.owned(epoch, None).await;
    let mut backoff = Backoff::default();
    while stop.borrow().is_none() {
        let hand = match desk.pull(&name).await {
            Ok(hand) => hand,
            Err(QueueError::Missing { .. }) => {
                desk.make(&spec).await;
                continue;
            }
            Err(_) => {
                backoff.wait().await;
                continue;
            }
        };
        backoff = Backoff::default();
        let Some(hand) = hand else { continue };
        if stop.borrow().is_some() {
            desk.give_back(&hand.delivery).await;
            break;
        }
        let handled = tokio::select! {
            biased;
            output = desk.handle(&hand.delivery, hand.asked_at, partition) => output,
            () = over(&mut stop) => {
                desk.give_back(&hand.delivery).await;
                break;
            }
        };
        if let Some(output) = handled {
            teller.done(hand.delivery.record.seq, output).await;
            desk.ack(&hand.delivery).await;
        }
    }
    teller.released().await;
}

/// Waits until the time to stop has come, and has passed.
async fn over(stop: &mut watch::Receiver<Option<Instant>>) {
    if stop.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
    let until = *stop.borrow();
    if let Some(until) = until {
        sleep_until(until).await;
    }
}
