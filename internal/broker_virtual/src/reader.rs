//! Following a stream: in batches, as a broker pushes them, each after some latency.

use std::collections::VecDeque;

use broker::{BrokerError, Reader, Record, Seq, Start, StreamName, Subject};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::client::VirtualLog;
use crate::filter::Filters;
use crate::log::Stream;

/// Records that are on their way to a reader at once.
const BATCH: usize = 64;

/// Follows a stream.
#[derive(Debug)]
pub struct VirtualReader {
    client: VirtualLog,
    stream: StreamName,
    filters: Filters,
    /// The last records of each subject, if the reader began with them.
    lasts: VecDeque<Seq>,
    /// Where to look for further records.
    next: Seq,
    /// On their way, and when they arrive.
    batch: VecDeque<Record>,
    arrives_at: Instant,
    news: watch::Receiver<()>,
}

impl VirtualReader {
    pub(crate) fn new(
        client: VirtualLog,
        stream: &Stream,
        filters: Vec<Subject>,
        start: Start,
    ) -> Self {
        let filters = Filters::new(filters);
        let (lasts, next) = match start {
            Start::At(seq) => (Vec::new(), seq),
            Start::LastPerSubject => {
                let mut lasts = stream.lasts(&filters);
                lasts.sort();
                (lasts, stream.state().last.next())
            }
        };
        let mut news = stream.news();
        news.mark_changed();
        Self {
            client,
            stream: stream.spec.name.clone(),
            filters,
            lasts: lasts.into(),
            next,
            batch: VecDeque::new(),
            arrives_at: Instant::now(),
            news,
        }
    }

    /// Sends the next batch on its way, if there is one.
    fn fetch(&mut self) {
        let client = self.client.clone();
        let state = client.broker.state();
        let Ok(stream) = state.stream(&self.stream) else { return };
        let (seqs, next) = match self.lasts.len() {
            0 => stream.scan(&self.filters, self.next, BATCH),
            count => (self.lasts.drain(..count.min(BATCH)).collect(), self.next),
        };
        self.next = next;
        let behind = self.lasts.len() as u64 + stream.count(&self.filters, next);
        let pending = (behind..behind + seqs.len() as u64).rev();
        let records = seqs.into_iter().zip(pending);
        self.batch.extend(records.filter_map(|(seq, pending)| stream.record(seq, pending)));
        drop(state);
        self.arrives_at = Instant::now() + client.latency();
    }
}

impl Reader for VirtualReader {
    async fn next(&mut self) -> Result<Record, BrokerError> {
        loop {
            tokio::task::coop::consume_budget().await;
            self.client.healed().await;
            if self.news.has_changed().is_err() {
                return Err(BrokerError::Gone(self.stream.clone()));
            }
            if self.batch.is_empty() {
                self.news.mark_unchanged();
                self.fetch();
            }
            if self.batch.is_empty() {
                // An error means that the stream is gone, as the next round finds.
                let _ = self.news.changed().await;
                continue;
            }
            if self.arrives_at > Instant::now() {
                tokio::time::sleep_until(self.arrives_at).await;
                continue;
            }
            if let Some(record) = self.batch.pop_front() {
                return Ok(record);
            }
        }
    }
}
