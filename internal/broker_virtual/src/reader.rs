//! Following a stream: in batches, as a broker pushes them, each after some latency.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use broker::{BrokerError, Reader, Record, Seq, Start, StreamName, Subject};
use tokio::time::Instant;

use crate::connection::Connection;
use crate::event::Event;
use crate::filter::Filters;
use crate::followers::{FollowerId, Told};
use crate::log::Stream;

/// Records that are on their way to a reader at once.
const BATCH: usize = 64;

/// Follows a stream.
#[derive(Debug)]
pub struct VirtualReader(Arc<Following>);

/// A reader, as the broker knows it. What happens to it happens without whoever reads, who is woken when
/// there is a record.
#[derive(Debug)]
pub(crate) struct Following {
    connection: Arc<Connection>,
    stream: StreamName,
    incarnation: u64,
    /// Not to be locked while the broker or the connection is.
    inbox: Mutex<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    filters: Filters,
    id: FollowerId,
    /// To be sent before anything else: the last records of each subject, if the reader began with
    /// them, and what was on its way when the connection broke.
    first: VecDeque<Seq>,
    /// Where to look for further records.
    next: Seq,
    /// It has all there was when it last looked, and is told of what has come since.
    has_all: bool,
    /// On their way, when they arrive, and whether they have.
    batch: VecDeque<Record>,
    arrives_at: Instant,
    arrived: bool,
    /// How often the connection had been broken when they were sent.
    breaks: u64,
    /// Whoever waits for a record.
    waker: Option<Waker>,
}

impl VirtualReader {
    pub(crate) fn new(
        connection: Arc<Connection>,
        stream: &mut Stream,
        filters: Vec<Subject>,
        start: Start,
        breaks: u64,
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
        let (name, incarnation) = (stream.spec.name.clone(), stream.incarnation);
        let mut following = None;
        stream.follow(filters.clone(), |id| {
            let inbox = Inbox {
                filters,
                id,
                first: first.into(),
                next,
                has_all: false,
                batch: VecDeque::new(),
                arrives_at: Instant::now(),
                arrived: true,
                breaks,
                waker: None,
            };
            let inbox = Mutex::new(inbox);
            let made = Arc::new(Following { connection, stream: name, incarnation, inbox });
            let told = Told::Reader(Arc::downgrade(&made));
            following = Some(made);
            told
        });
        let following = following.expect("a follower that is added is made");
        following.connection.keep(&following);
        Self(following)
    }
}

impl Following {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever reads is to look.
    pub(crate) fn wake(&self) {
        let waker = self.inbox().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// There may be something at the broker.
    pub(crate) fn look(self: &Arc<Self>, now: Instant) {
        let is_ready = {
            let mut inbox = self.inbox();
            inbox.has_all = false;
            !matches!(self.go_on(&mut inbox, Some(now)), Ok(false))
        };
        if is_ready {
            self.wake();
        }
    }

    /// What was on its way arrives, unless it was lost and sent again.
    pub(crate) fn arrive(&self, now: Instant) {
        let has_arrived = {
            let mut inbox = self.inbox();
            let has_arrived = inbox.arrives_at <= now;
            inbox.arrived |= has_arrived;
            has_arrived
        };
        if has_arrived {
            self.wake();
        }
    }

    fn poll(self: &Arc<Self>, context: &mut Context<'_>) -> Poll<Result<Record, BrokerError>> {
        let mut inbox = self.inbox();
        match self.go_on(&mut inbox, None) {
            Err(error) => return Poll::Ready(Err(error)),
            Ok(true) => {
                if let Some(record) = inbox.batch.pop_front() {
                    return Poll::Ready(Ok(record));
                }
            }
            Ok(false) => {}
        }
        inbox.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Goes as far as it can; whether there is a record now. The time is looked up if nobody knows it.
    fn go_on(
        self: &Arc<Self>,
        inbox: &mut Inbox,
        now: Option<Instant>,
    ) -> Result<bool, BrokerError> {
        let sky = self.connection.glance();
        if sky.breaks != inbox.breaks {
            inbox.breaks = sky.breaks;
            inbox.send_again();
        }
        if !sky.flows {
            // Its change wakes whoever reads.
            return Ok(false);
        }
        while inbox.batch.is_empty() && !inbox.has_all {
            if !self.fetch(inbox, now.unwrap_or_else(Instant::now))? {
                return Ok(false);
            }
        }
        Ok(inbox.arrived && !inbox.batch.is_empty())
    }

    /// Sends the next batch on its way, if there is one; false if the broker is stalled.
    fn fetch(self: &Arc<Self>, inbox: &mut Inbox, now: Instant) -> Result<bool, BrokerError> {
        let broker = &self.connection.broker;
        {
            let mut state = broker.state();
            if let Some(until) = state.stalled(now) {
                broker.agenda.at(until, Event::News(self.clone()));
                return Ok(false);
            }
            let stream = state.stream_mut(&self.stream).ok();
            let Some(stream) = stream.filter(|found| found.incarnation == self.incarnation) else {
                return Err(BrokerError::Gone(self.stream.clone()));
            };
            inbox.take(stream);
        }
        if !inbox.batch.is_empty() {
            inbox.arrives_at = self.connection.line().records(now);
            inbox.arrived = false;
            broker.agenda.at(inbox.arrives_at, Event::Records(self.clone()));
        }
        Ok(true)
    }
}

impl Inbox {
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
        tokio::task::coop::consume_budget().await;
        poll_fn(|context| self.0.poll(context)).await
    }
}

impl Drop for VirtualReader {
    fn drop(&mut self) {
        let Following { connection, stream, incarnation, .. } = &*self.0;
        let id = self.0.inbox().id;
        let mut state = connection.broker.state();
        let stream = state.stream_mut(stream).ok();
        if let Some(stream) = stream.filter(|found| found.incarnation == *incarnation) {
            stream.unfollow(id);
        }
    }
}
