//! The sending end of the bare pipeline: one publish under way for each partition.

use std::collections::VecDeque;
use std::time::Duration;

use broker::{Append, Log, Seq, Subject};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::{Message, PartitionId, PartitionSeq, ProducerSeq, Weight};
use parti::Names;
use producer::{Arrivals, ProducerSettings};
use tokio::time::Instant;

use super::append::append;
use crate::failure::Failure;

struct Sending {
    partition: PartitionId,
    weight: Weight,
    subject: Subject,
    head: Seq,
    sent: u64,
    busy: bool,
    /// Due times of messages that wait for the publish before them.
    owed: VecDeque<Duration>,
}

struct Sender<B> {
    broker: B,
    names: Names,
    settings: ProducerSettings,
    /// Those of this producer follow one another.
    partitions: Vec<Sending>,
    sent: u64,
}

/// Sends what falls due within `duration`; says how much that was.
pub(super) async fn send(
    broker: impl Log,
    names: Names,
    settings: ProducerSettings,
    duration: Duration,
) -> Result<u64, Failure> {
    let rates: Vec<_> = settings.partitions.iter().map(|(p, _, rate)| (*p, *rate)).collect();
    let rng = settings.seed.rng(&format!("arrivals of {}", settings.id));
    let mut arrivals = Arrivals::new(&rates, settings.variation.clone(), rng);
    let clock = settings.clock;
    let mut sender = Sender::new(broker, names, settings);
    let mut publishes = FuturesUnordered::new();
    let (timer, mut timer_at) = (tokio::time::sleep(Duration::ZERO), None);
    tokio::pin!(timer);
    loop {
        let now = clock.elapsed();
        while arrivals.next_at().is_some_and(|at| at <= now.min(duration)) {
            if let Some((due, partition)) = arrivals.take() {
                let index = sender.index(partition);
                sender.partitions[index].owed.push_back(due);
                publishes.extend(sender.publish_next(index));
            }
        }
        if now >= duration {
            sender.partitions.iter_mut().for_each(|sending| sending.owed.clear());
            if publishes.is_empty() {
                return Ok(sender.sent);
            }
        }
        let due = arrivals.next_at().map_or(duration, |at| at.min(duration));
        if timer_at.replace(due) != Some(due) {
            timer.as_mut().reset(Instant::now() + due.saturating_sub(now));
        }
        tokio::select! {
            biased;
            Some((index, stored)) = publishes.next() => {
                sender.published(index, stored)?;
                publishes.extend(sender.publish_next(index));
            }
            () = &mut timer, if now < duration => timer_at = None,
        }
    }
}

impl<B: Log> Sender<B> {
    fn new(broker: B, names: Names, settings: ProducerSettings) -> Self {
        let of = |(partition, weight, _): &(PartitionId, Weight, f64)| Sending {
            partition: *partition,
            weight: *weight,
            subject: names.message(*partition),
            head: Seq::NONE,
            sent: 0,
            busy: false,
            owed: VecDeque::new(),
        };
        let partitions = settings.partitions.iter().map(of).collect();
        Self { broker, names, settings, partitions, sent: 0 }
    }

    fn index(&self, partition: PartitionId) -> usize {
        (partition.0 - self.partitions[0].partition.0) as usize
    }

    /// Publishes the next message of a partition unless one is under way.
    fn publish_next(
        &mut self,
        index: usize,
    ) -> Option<impl Future<Output = (usize, Result<Seq, Failure>)> + use<B>> {
        let sending = &mut self.partitions[index];
        let due = if sending.busy { None } else { sending.owed.pop_front() }?;
        sending.busy = true;
        sending.sent += 1;
        self.sent += 1;
        let message = Message {
            partition: sending.partition,
            partition_seq: PartitionSeq(sending.sent),
            producer: self.settings.id.clone(),
            producer_seq: ProducerSeq(self.sent),
            sent_at: self.settings.clock.at_elapsed(due),
            weight: sending.weight,
        };
        let (stream, subject) = (self.names.messages.clone(), sending.subject.clone());
        let publish = Append::new(stream, subject, message.encode()).after(sending.head);
        let broker = self.broker.clone();
        Some(async move { (index, append(&broker, publish).await) })
    }

    fn published(&mut self, index: usize, stored: Result<Seq, Failure>) -> Result<(), Failure> {
        let sending = &mut self.partitions[index];
        sending.head = stored?;
        sending.busy = false;
        Ok(())
    }
}
