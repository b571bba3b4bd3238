//! Following a stream: in batches, as a broker pushes them, each after some latency.

use std::collections::VecDeque;
use std::sync::Arc;

use broker::{BrokerError, Reader, Record, Seq, Start, StreamName, Subject};
use model::Network;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::client::Connection;
use crate::filter::Filters;
use crate::followers::FollowerId;
use crate::log::Stream;

/// Records that are on their way to a reader at once.
const BATCH: usize = 64;

/// Follows a stream.
#[derive(Debug)]
pub struct VirtualReader {
    connection: Arc<Connection>,
    stream: StreamName,
    incarnation: u64,
    filters: Filters,
    id: FollowerId,
    wake: Arc<Notify>,
    /// To be sent before anything else: the last records of each subject, if the reader began with
    /// them, and what was on its way when the connection broke.
    first: VecDeque<Seq>,
    /// Where to look for further records.
    next: Seq,
    /// It has all there was when it last looked, and is woken by what has come since.
    has_all: bool,
    /// On their way, when they arrive, and whether they have.
    batch: VecDeque<Record>,
    arrives_at: Instant,
    arrived: bool,
    /// How often the connection had been broken when they were sent.
    breaks: u64,
}

/// What a reader finds at the broker.
enum Found {
    /// What there is, if there is anything.
    Records,
    /// The broker does nothing before.
    Stalled(Instant),
    /// The stream is not there any more.
    Gone,
}

impl VirtualReader {
    pub(crate) fn new(
        connection: Arc<Connection>,
        stream: &mut Stream,
        filters: Vec<Subject>,
        start: Start,
    ) -> Self {
        let filters = Filters::new(filters);
        let (first, next) = match start {
            Start::At(seq) => (Vec::new(), seq),
            Start::LastPerSubject => {
                let mut lasts = stream.lasts(&filters);
                lasts.sort_unstable();
                (lasts, stream.state().last.next())
            }
        };
        let wake = Arc::new(Notify::new());
        Self {
            breaks: connection.sky().breaks,
            connection,
            stream: stream.spec.name.clone(),
            incarnation: stream.incarnation,
            id: stream.followers.add(filters.clone(), wake.clone()),
            wake,
            filters,
            first: first.into(),
            next,
            has_all: false,
            batch: VecDeque::new(),
            arrives_at: Instant::now(),
            arrived: true,
        }
    }

    /// Sends the next batch on its way, if there is one.
    fn fetch(&mut self, network: Network) -> Found {
        let (connection, now) = (self.connection.clone(), Instant::now());
        {
            let mut state = connection.broker.state();
            if let Some(until) = state.stalled(now) {
                return Found::Stalled(until);
            }
            let stream = state.stream_mut(&self.stream).ok();
            let Some(stream) = stream.filter(|found| found.incarnation == self.incarnation) else {
                return Found::Gone;
            };
            self.take(stream);
        }
        if !self.batch.is_empty() {
            self.arrives_at = connection.line().records(now, network);
            self.arrived = false;
        }
        Found::Records
    }

    /// Takes the next records from the stream; if those are all, the reader will be woken.
    fn take(&mut self, stream: &mut Stream) {
        let left = match self.first.len() {
            0 => self.further(stream),
            some => {
                let next = self.first.drain(..some.min(BATCH));
                self.batch.extend(next.filter_map(|seq| stream.record(seq, 0)));
                self.left(stream)
            }
        };
        let behind = self.first.len() as u64 + left;
        for (record, pending) in self.batch.iter_mut().rev().zip(behind..) {
            record.pending = pending;
        }
        self.has_all = behind == 0;
        if self.has_all
            && let Some(follower) = stream.followers.get_mut(self.id)
        {
            follower.wait();
        }
    }

    /// Takes the records that come next: those that the stream has noted for this reader, or those
    /// that the reader finds by itself. Returns how many are left.
    fn further(&mut self, stream: &mut Stream) -> u64 {
        if let Some(mut noted) = stream.followers.get_mut(self.id).and_then(|f| f.noted.take()) {
            let start = self.next;
            while self.batch.len() < BATCH
                && let Some(seq) = noted.pop_front()
            {
                // Evicted meanwhile, or before the start, which may have been ahead of the stream.
                let Some(record) = stream.record(seq, 0).filter(|_| seq >= start) else { continue };
                self.next = seq.next();
                self.batch.push_back(record);
            }
            noted.retain(|seq| *seq >= start && stream.holds(*seq));
            let left = noted.len() as u64;
            self.note(stream, noted);
            return left;
        }
        let (seqs, next) = stream.scan(&self.filters, self.next, BATCH);
        self.batch.extend(seqs.into_iter().filter_map(|seq| stream.record(seq, 0)));
        self.next = next;
        let left = stream.count(&self.filters, next);
        if left == 0 {
            self.note(stream, VecDeque::new());
        }
        left
    }

    /// The reader knows of everything up to now: from here on it is told.
    fn note(&self, stream: &mut Stream, noted: VecDeque<Seq>) {
        if let Some(follower) = stream.followers.get_mut(self.id) {
            follower.noted = Some(noted);
        }
    }

    /// How many records are left, beside the first ones.
    fn left(&self, stream: &mut Stream) -> u64 {
        match stream.followers.get_mut(self.id).and_then(|follower| follower.noted.as_ref()) {
            Some(noted) => noted.len() as u64,
            None => stream.count(&self.filters, self.next),
        }
    }

    /// The connection broke: what was on its way is to be sent again.
    fn send_again(&mut self) {
        let mut again: VecDeque<Seq> = self.batch.drain(..).map(|record| record.seq).collect();
        again.append(&mut self.first);
        self.first = again;
        self.has_all &= self.first.is_empty();
        self.arrived = true;
    }
}

impl Reader for VirtualReader {
    async fn next(&mut self) -> Result<Record, BrokerError> {
        loop {
            tokio::task::coop::consume_budget().await;
            let sky = self.connection.sky();
            if sky.breaks != self.breaks {
                self.breaks = sky.breaks;
                self.send_again();
            }
            if !sky.flows() {
                self.connection.until(|sky| sky.flows()).await;
                continue;
            }
            if self.batch.is_empty() {
                if self.has_all {
                    self.wake.notified().await;
                    self.has_all = false;
                    continue;
                }
                match self.fetch(sky.network) {
                    Found::Records => {}
                    Found::Stalled(until) => {
                        sleep_until(until).await;
                        continue;
                    }
                    Found::Gone => return Err(BrokerError::Gone(self.stream.clone())),
                }
            }
            if !self.arrived {
                sleep_until(self.arrives_at).await;
                self.arrived = true;
                continue;
            }
            if let Some(record) = self.batch.pop_front() {
                return Ok(record);
            }
        }
    }
}

impl Drop for VirtualReader {
    fn drop(&mut self) {
        let mut state = self.connection.broker.state();
        let stream = state.stream_mut(&self.stream).ok();
        if let Some(stream) = stream.filter(|found| found.incarnation == self.incarnation) {
            stream.followers.remove(self.id);
        }
    }
}
