//! Which reader feeds which partitions.
//!
//! Newly won partitions get a reader of their own, so that the others do not wait for their backlog;
//! so does a partition whose queue overflowed. Readers that have caught up are merged again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use broker::{BrokerError, Log, Seq, Start, patiently};
use bugs::Bug;
use model::PartitionId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::context::Context;
use crate::pump::{Feed, Position, Pump, PumpNews};

/// Readers are merged only if none must go back by more messages (of any partition) than this.
const REWIND_MAX: u64 = 20_000;
/// …and not before they have been undisturbed for this long.
const CALM: Duration = Duration::from_secs(1);

struct Reading {
    feeds: BTreeMap<PartitionId, Feed>,
    read: Position,
    /// Where it began to read.
    began: Seq,
    caught_up: bool,
    task: JoinHandle<()>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The readers of one life of a member.
pub(crate) struct Readers<B> {
    context: Arc<Context<B>>,
    readings: BTreeMap<u64, Reading>,
    next_id: u64,
    calm_since: Instant,
    news: mpsc::UnboundedSender<(u64, PumpNews)>,
    inbox: mpsc::UnboundedReceiver<(u64, PumpNews)>,
}

impl<B: Log> Readers<B> {
    pub(crate) fn new(context: Arc<Context<B>>) -> Self {
        let (news, inbox) = mpsc::unbounded_channel();
        let calm_since = Instant::now();
        Self { context, readings: BTreeMap::new(), next_id: 0, calm_since, news, inbox }
    }

    /// Begins to feed partitions from `start`.
    pub(crate) fn open(&mut self, feeds: BTreeMap<PartitionId, Feed>, start: Seq) {
        if feeds.is_empty() {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.calm_since = Instant::now();
        let began = Seq(start.0.saturating_sub(1));
        let read = Position::new(began);
        let task = tokio::spawn(pump(
            self.context.clone(),
            id,
            feeds.clone(),
            start,
            read.clone(),
            self.news.clone(),
        ));
        self.readings.insert(id, Reading { feeds, read, began, caught_up: false, task });
    }

    /// Whether there is more than one, to be merged when they have caught up.
    pub(crate) fn are_several(&self) -> bool {
        self.readings.len() > 1
    }

    /// Stops feeding a partition.
    pub(crate) fn close(&mut self, partition: PartitionId) {
        self.readings.retain(|_, reading| {
            reading.feeds.remove(&partition);
            !reading.feeds.is_empty()
        });
    }

    /// Waits for news; returns a partition whose queue overflowed, once it must be fed anew.
    pub(crate) async fn news(&mut self) -> Result<Option<PartitionId>, BrokerError> {
        match self.inbox.recv().await {
            Some((id, news)) => self.take(id, news),
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, id: u64, news: PumpNews) -> Result<Option<PartitionId>, BrokerError> {
        let Some(reading) = self.readings.get_mut(&id) else { return Ok(None) };
        match news {
            PumpNews::CaughtUp => reading.caught_up = true,
            PumpNews::Broken(error) => return Err(error),
            PumpNews::Overflow(partition) => {
                let overflowed = reading.feeds.remove(&partition).map(|_| partition);
                if reading.feeds.is_empty() {
                    self.readings.remove(&id);
                }
                return Ok(overflowed);
            }
        }
        Ok(None)
    }

    /// Merges the readers that have caught up, if they have been left alone for a while. Returns
    /// partitions whose queue overflowed meanwhile.
    pub(crate) async fn merge(&mut self) -> Result<Vec<PartitionId>, BrokerError> {
        if self.calm_since.elapsed() < CALM {
            return Ok(Vec::new());
        }
        let newest = self.readings.values().map(|reading| reading.read.get()).max();
        let near = |reading: &Reading| {
            let read = reading.read.get();
            let behind = newest.map_or(0, |newest| newest.0 - read.0);
            // Quiet partitions have nothing to catch up with.
            let quiet = read == reading.began;
            (reading.caught_up || quiet) && behind <= REWIND_MAX
        };
        let ids: BTreeSet<u64> =
            self.readings.iter().filter(|(_, reading)| near(reading)).map(|(id, _)| *id).collect();
        if ids.len() < 2 {
            return Ok(Vec::new());
        }
        for id in &ids {
            let Some(reading) = self.readings.get_mut(id) else { continue };
            reading.task.abort();
            // It must have ended before its position is read and its partitions are fed anew.
            let _ = (&mut reading.task).await;
        }
        // What a pump told until its end counts: it no longer feeds what overflowed.
        let mut overflowed = Vec::new();
        while let Ok((id, news)) = self.inbox.try_recv() {
            overflowed.extend(self.take(id, news)?);
        }
        let (mut feeds, mut start) = (BTreeMap::new(), Seq(u64::MAX));
        for id in ids {
            let Some(mut reading) = self.readings.remove(&id) else { continue };
            start = start.min(reading.read.get().next());
            feeds.append(&mut reading.feeds);
        }
        if bugs::has(Bug::MergeSkips) {
            start = newest.unwrap_or_default().next().next();
        }
        self.open(feeds, start);
        Ok(overflowed)
    }
}

async fn pump<B: Log>(
    context: Arc<Context<B>>,
    id: u64,
    feeds: BTreeMap<PartitionId, Feed>,
    start: Seq,
    read: Position,
    news: mpsc::UnboundedSender<(u64, PumpNews)>,
) {
    let names = context.names.clone();
    let filters: Vec<_> = feeds.keys().map(|partition| names.message(*partition)).collect();
    let ask = || context.broker.read(&names.messages, filters.clone(), Start::At(start));
    let reader = match patiently(ask).await {
        Ok(reader) => reader,
        Err(error) => {
            let _ = news.send((id, PumpNews::Broken(error)));
            return;
        }
    };
    Pump { id, reader, names, feeds, read, news }.run().await;
}

#[cfg(test)]
mod tests;
