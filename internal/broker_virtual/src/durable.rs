//! A durable consumer as a synchronous state machine: what nats-server does, step by step, with
//! what it does not do. `server/consumer.go` is its model, the conformance suite its judge.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use broker::{ConsumerSpec, ConsumerState, Delivery, Receipt, Seq, Subject};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::filter::Filters;
use crate::followers::FollowerId;
use crate::log::Stream;

/// A consumer.
#[derive(Debug)]
pub(crate) struct Durable {
    pub(crate) spec: ConsumerSpec,
    filters: Filters,
    /// Tells it from a later consumer of the same name.
    pub(crate) life: u64,
    /// Whom the stream tells of new records: whoever waits in a pull.
    pub(crate) follower: FollowerId,
    pub(crate) wake: Arc<Notify>,
    /// Where to look for new records.
    next: Seq,
    /// Deliveries made, how many of the first of them are done with, and up to which record.
    deliveries: u64,
    done: u64,
    floor: Seq,
    /// It hears of no record after this one: the server forgets to wake and to count for a consumer
    /// whose last filter was taken away. `None` if it hears of all. (The server also forgets to tell
    /// it of records that are removed; that is left out.)
    heard: Option<Seq>,
    /// Delivered and not acknowledged.
    pending: BTreeMap<Seq, Pending>,
    /// How often something was delivered again, or was to be.
    retries: BTreeMap<Seq, u64>,
    /// To be delivered again.
    again: VecDeque<Seq>,
}

#[derive(Debug)]
struct Pending {
    /// The number of its first delivery.
    number: u64,
    since: Instant,
}

impl Durable {
    pub(crate) fn new(
        spec: ConsumerSpec,
        life: u64,
        follower: FollowerId,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            filters: filters(&spec),
            spec,
            life,
            follower,
            wake,
            next: Seq(1),
            deliveries: 0,
            done: 0,
            floor: Seq::NONE,
            heard: None,
            pending: BTreeMap::new(),
            retries: BTreeMap::new(),
            again: VecDeque::new(),
        }
    }

    /// Takes new settings; the position stays. `last` is the last record of the stream.
    pub(crate) fn change(&mut self, spec: ConsumerSpec, last: Seq, follower: FollowerId) {
        if !same_filters(&self.spec, &spec) {
            self.heard = spec.filters.is_empty().then_some(last);
            self.filters = filters(&spec);
        }
        self.spec = spec;
        self.follower = follower;
        self.wake.notify_waiters();
    }

    /// What it is to hear of with settings `spec`.
    pub(crate) fn hears(&self, spec: &ConsumerSpec) -> Filters {
        let deaf = match self.heard {
            Some(_) => spec.filters.is_empty(),
            None => spec.filters.is_empty() && !same_filters(&self.spec, spec),
        };
        if deaf { Filters::new([]) } else { filters(spec) }
    }

    /// How many records it says that it will deliver.
    fn waiting(&self, stream: &Stream) -> u64 {
        let unheard = |heard: Seq| stream.count(&self.filters, self.next.max(heard.next()));
        stream.count(&self.filters, self.next) - self.heard.map_or(0, unheard)
    }

    /// The next delivery, if there is one.
    pub(crate) fn pull(&mut self, stream: &Stream, now: Instant) -> Option<Delivery> {
        self.expire(now);
        while let Some(seq) = self.again.pop_front() {
            let retries = self.retries.entry(seq).or_default();
            *retries += 1;
            let tries = *retries + 1;
            if self.spec.max_deliver.is_some_and(|most| tries > u64::from(most)) {
                self.give_up(seq);
            } else if !stream.holds(seq) {
                self.forget(seq);
            } else {
                return self.deliver(stream, seq, tries, now);
            }
        }
        if self.pending.len() as u64 >= u64::from(self.spec.max_ack_pending) {
            return None;
        }
        let (found, next) = stream.scan(&self.filters, self.next, 1);
        self.next = next;
        found.first().and_then(|seq| self.deliver(stream, *seq, 1, now))
    }

    fn deliver(&mut self, stream: &Stream, seq: Seq, tries: u64, now: Instant) -> Option<Delivery> {
        let waiting = self.waiting(stream);
        let record = stream.record(seq, waiting)?;
        self.deliveries += 1;
        let number = self.deliveries;
        self.pending.entry(seq).or_insert(Pending { number, since: now }).since = now;
        let (stream, consumer) = (stream.spec.name.clone(), self.spec.name.clone());
        Some(Delivery { record, receipt: Receipt { stream, consumer, seq, number, tries } })
    }

    /// Queues what was not acknowledged in time, lowest sequence first.
    fn expire(&mut self, now: Instant) {
        let wait = self.spec.ack_wait;
        let overdue = |pending: &Pending| now.duration_since(pending.since) >= wait;
        let expired: Vec<Seq> = self
            .pending
            .iter()
            .filter(|(seq, pending)| overdue(pending) && !self.again.contains(seq))
            .map(|(seq, _)| *seq)
            .collect();
        for seq in expired {
            // The server counts one less here than when it delivers, but for the first time.
            let tries = self.retries.get(&seq).copied().unwrap_or(1);
            if self.spec.max_deliver.is_some_and(|most| tries >= u64::from(most)) {
                self.give_up(seq);
                self.retries.insert(seq, tries);
            } else {
                self.again.push_back(seq);
                if let Some(pending) = self.pending.get_mut(&seq) {
                    pending.since = now;
                }
            }
        }
        if self.pending.is_empty() {
            self.again.clear();
        }
    }

    /// When something is to be delivered again, if nobody acknowledges it.
    pub(crate) fn due(&self) -> Option<Instant> {
        let oldest = self.pending.values().map(|pending| pending.since).min()?;
        // Never ending waits are not waited for.
        oldest.checked_add(self.spec.ack_wait.max(Duration::from_millis(1)))
    }

    fn give_up(&mut self, seq: Seq) {
        if let Some(pending) = self.pending.remove(&seq) {
            self.settle(pending.number, seq);
        }
    }

    /// A record is not pending any more: moves the floor below which all are done with.
    fn settle(&mut self, number: u64, seq: Seq) {
        if self.pending.is_empty() {
            self.settle_all();
        } else if number == self.done + 1 {
            (self.done, self.floor) = match self.pending.range(seq.next()..).next() {
                Some((next, pending)) => (pending.number - 1, Seq(next.0 - 1)),
                None => (number, seq),
            };
        }
    }

    /// Nothing is pending.
    fn settle_all(&mut self) {
        (self.done, self.floor) = (self.deliveries, Seq(self.next.0 - 1));
    }

    /// Acknowledges a record, whoever says so; false if the server would not answer.
    pub(crate) fn ack(&mut self, seq: Seq, now: Instant) -> bool {
        self.expire(now);
        if seq >= self.next {
            return false;
        }
        self.forget(seq);
        true
    }

    fn forget(&mut self, seq: Seq) {
        if let Some(pending) = self.pending.remove(&seq) {
            self.settle(pending.number, seq);
        }
        self.retries.remove(&seq);
        self.again.retain(|other| *other != seq);
        self.wake.notify_one();
    }

    /// Asks for a record again, if its delivery is one that this consumer remembers.
    pub(crate) fn nak(&mut self, receipt: &Receipt, now: Instant) {
        self.expire(now);
        let (seq, number) = (receipt.seq, receipt.number);
        // One too far at the upper end, as the server has it.
        let known = number > self.done && number <= self.deliveries + 1;
        if known && self.pending.contains_key(&seq) && !self.again.contains(&seq) {
            self.again.push_back(seq);
            self.wake.notify_one();
        }
    }

    /// A record of `subject` was removed from the stream. The server tells those only whose filters
    /// take it: whoever has lost the subject finds out when it is to deliver the record again.
    pub(crate) fn dropped(&mut self, subject: &Subject, seq: Seq) {
        if self.filters.take(subject) {
            self.forget(seq);
        }
    }

    /// Several records were removed at once; the stream now begins with `first`.
    pub(crate) fn forget_retries_below(&mut self, first: Seq) {
        let kept = self.retries.split_off(&first);
        for seq in std::mem::replace(&mut self.retries, kept).into_keys() {
            self.again.retain(|other| *other != seq);
        }
    }

    /// The records of `subject` before `left` were removed; the stream now begins with `first`.
    pub(crate) fn trimmed(
        &mut self,
        subject: &Subject,
        left: Seq,
        first: Seq,
        holds: impl Fn(Seq) -> bool,
    ) {
        if !self.filters.take(subject) {
            return;
        }
        let narrow = self.filters.only(subject);
        let from = if narrow { left } else { first };
        self.next = self.next.max(from);
        if self.floor < from {
            // Everything before counts as done with: records of lost subjects, too, that are there.
            // Only then a consumer of more subjects looks for what is not there any more.
            self.floor = Seq(from.0 - 1);
            let gone = |seq: &Seq| *seq < from || (!narrow && !holds(*seq));
            let gone: Vec<Seq> = self.pending.keys().copied().filter(gone).collect();
            for seq in gone {
                let pending = self.pending.remove(&seq);
                self.done = self.done.max(pending.map_or(0, |pending| pending.number));
                self.retries.remove(&seq);
            }
        }
        if self.pending.is_empty() {
            self.retries.clear();
            self.settle_all();
        }
        // What was queued comes again only when its wait is over.
        let next = self.next;
        self.again.retain(|seq| *seq >= next);
        self.wake.notify_one();
    }

    pub(crate) fn progress(&mut self, stream: &Stream, now: Instant) -> ConsumerState {
        self.expire(now);
        // Where there is no second try nothing is reported as one.
        let redelivered = match self.spec.max_deliver {
            Some(1) => 0,
            _ => self.retries.len() as u64,
        };
        let waiting = self.waiting(stream);
        let position = Seq(self.next.0 - 1);
        ConsumerState { waiting, unacked: self.pending.len() as u64, redelivered, position }
    }
}

/// Whether the filters are the same, in whatever order.
fn same_filters(one: &ConsumerSpec, other: &ConsumerSpec) -> bool {
    let sorted = |spec: &ConsumerSpec| {
        let mut filters = spec.filters.clone();
        filters.sort();
        filters
    };
    sorted(one) == sorted(other)
}

/// What a consumer delivers: everything if it has no filter.
pub(crate) fn filters(spec: &ConsumerSpec) -> Filters {
    if spec.filters.is_empty() { Filters::all() } else { Filters::new(spec.filters.clone()) }
}
