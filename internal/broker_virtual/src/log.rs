//! One stream: the rules of the port as a synchronous state machine.

use std::collections::{BTreeMap, VecDeque};

use broker::{Append, AppendError, ConsumerName, Record, Seq, StreamSpec, StreamState, Subject};
use bytes::Bytes;
use model::Timestamp;

use crate::durable::Durable;
use crate::filter::Filters;
use crate::followers::Followers;

/// What a record costs beside its subject and payload, as the real broker counts it, roughly.
const RECORD_BYTES: u64 = 40;

#[derive(Debug)]
struct Stored {
    subject: Subject,
    at: Timestamp,
    payload: Bytes,
}

impl Stored {
    fn bytes(&self) -> u64 {
        (self.subject.as_str().len() + self.payload.len()) as u64 + RECORD_BYTES
    }
}

/// A stream and everything in it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) spec: StreamSpec,
    /// Tells it from a later stream of the same name.
    pub(crate) incarnation: u64,
    takes: Filters,
    records: BTreeMap<Seq, Stored>,
    by_subject: BTreeMap<Subject, VecDeque<Seq>>,
    last: Seq,
    bytes: u64,
    pub(crate) followers: Followers,
    pub(crate) consumers: BTreeMap<ConsumerName, Durable>,
    /// Consumers that were ever made.
    pub(crate) consumers_made: u64,
}

impl Stream {
    pub(crate) fn new(spec: StreamSpec, incarnation: u64) -> Self {
        Self {
            incarnation,
            takes: Filters::new(spec.subjects.iter().cloned()),
            spec,
            records: BTreeMap::new(),
            by_subject: BTreeMap::new(),
            last: Seq::NONE,
            bytes: 0,
            followers: Followers::default(),
            consumers: BTreeMap::new(),
            consumers_made: 0,
        }
    }

    pub(crate) fn append(&mut self, append: &Append, at: Timestamp) -> Result<Seq, AppendError> {
        let Append { stream, subject, payload, expect } = append;
        if !self.takes.take(subject) {
            return Err(AppendError::Rejected(format!("{stream} takes no {subject}")));
        }
        if let Some(expect) = expect
            && self.last_of(&expect.subject) != expect.seq
        {
            return Err(AppendError::Refused(expect.clone()));
        }
        let stored = Stored { subject: subject.clone(), at, payload: payload.clone() };
        if self.spec.max_bytes.is_some_and(|max| self.bytes + stored.bytes() > max) {
            return Err(AppendError::Rejected(format!("{stream} is full")));
        }
        self.last = self.last.next();
        self.bytes += stored.bytes();
        self.records.insert(self.last, stored);
        let seqs = match self.by_subject.get_mut(subject) {
            Some(seqs) => seqs,
            None => self.by_subject.entry(subject.clone()).or_default(),
        };
        seqs.push_back(self.last);
        let kept = seqs.len() as u64;
        for _ in self.spec.max_per_subject.unwrap_or(kept)..kept {
            if let Some(seq) = self.drop_oldest(subject) {
                self.consumers.values_mut().for_each(|consumer| consumer.dropped(subject, seq));
            }
        }
        self.followers.tell(subject, self.last);
        Ok(self.last)
    }

    /// Removes the oldest record of a subject.
    fn drop_oldest(&mut self, subject: &Subject) -> Option<Seq> {
        let seqs = self.by_subject.get_mut(subject)?;
        let seq = seqs.pop_front()?;
        if seqs.is_empty() {
            self.by_subject.remove(subject);
        }
        self.bytes -= self.records.remove(&seq).map_or(0, |stored| stored.bytes());
        Some(seq)
    }

    fn first_of(&self, subject: &Subject) -> Option<Seq> {
        self.by_subject.get(subject)?.front().copied()
    }

    /// Removes the records of a subject below a sequence.
    pub(crate) fn trim(&mut self, subject: &Subject, below: Seq) {
        let mut dropped = Vec::new();
        while self.first_of(subject).is_some_and(|seq| seq < below) {
            dropped.extend(self.drop_oldest(subject));
        }
        let first = self.state().first;
        let left = self.first_of(subject).unwrap_or(self.last.next());
        for consumer in self.consumers.values_mut() {
            // The server tells of a single record like of one that was evicted, of several not.
            match dropped[..] {
                [] => {}
                [seq] => consumer.dropped(subject, seq),
                _ => consumer.forget_retries_below(first),
            }
            consumer.trimmed(subject, left, first, |seq| self.records.contains_key(&seq));
        }
    }

    pub(crate) fn state(&self) -> StreamState {
        let first = self.records.keys().next().copied().unwrap_or(self.last.next());
        let records = self.records.len() as u64;
        StreamState { first, last: self.last, records, bytes: self.bytes }
    }

    fn last_of(&self, subject: &Subject) -> Seq {
        self.by_subject.get(subject).and_then(VecDeque::back).copied().unwrap_or(Seq::NONE)
    }

    pub(crate) fn last(&self, filter: &Subject) -> Option<Record> {
        let filter = Filters::new([filter.clone()]);
        self.lasts(&filter).into_iter().max().and_then(|seq| self.record(seq, 0))
    }

    /// The last sequence of every subject that `filters` take.
    pub(crate) fn lasts(&self, filters: &Filters) -> Vec<Seq> {
        self.taken(filters).filter_map(|seqs| seqs.back().copied()).collect()
    }

    /// The sequences of every subject that `filters` take.
    fn taken<'a>(&'a self, filters: &'a Filters) -> impl Iterator<Item = &'a VecDeque<Seq>> {
        let named = filters.plain().filter_map(|subject| self.by_subject.get(subject));
        // What no pattern can take is not looked at.
        let all = self.by_subject.iter().filter(|_| filters.has_patterns());
        let matched = all.filter(|(subject, _)| filters.pattern_takes(subject));
        named.chain(matched.map(|(_, seqs)| seqs))
    }

    pub(crate) fn first_at(&self, subject: &Subject, at: Seq) -> Option<Record> {
        let seqs = self.by_subject.get(subject)?;
        let seq = seqs.get(seqs.partition_point(|seq| *seq < at))?;
        self.record(*seq, 0)
    }

    pub(crate) fn records_from(&self, start: Seq) -> Vec<Record> {
        self.records
            .range(start..)
            .map(|(seq, _)| seq)
            .filter_map(|seq| self.record(*seq, 0))
            .collect()
    }

    pub(crate) fn record(&self, seq: Seq, pending: u64) -> Option<Record> {
        let Stored { subject, at, payload } = self.records.get(&seq)?;
        let (subject, payload) = (subject.clone(), payload.clone());
        Some(Record { subject, seq, stored_at_us: at.0, payload, pending })
    }

    /// The sequences of up to `max` records from `start` on that `filters` take, and where to look
    /// for further ones.
    pub(crate) fn scan(&self, filters: &Filters, start: Seq, max: usize) -> (Vec<Seq>, Seq) {
        let mut found = Vec::new();
        if filters.has_patterns() {
            let records = self.records.range(start..);
            let taken = records.filter(|(_, stored)| filters.take(&stored.subject));
            found.extend(taken.map(|(seq, _)| *seq).take(max));
        } else {
            for seqs in self.taken(filters) {
                let from = seqs.partition_point(|seq| *seq < start);
                found.extend(seqs.range(from..).take(max));
            }
            found.sort_unstable();
            found.truncate(max);
        }
        let next = match found.last() {
            Some(last) if found.len() == max => last.next(),
            _ => start.max(self.last.next()),
        };
        (found, next)
    }

    /// How many records from `start` on `filters` take.
    pub(crate) fn count(&self, filters: &Filters, start: Seq) -> u64 {
        if start > self.last {
            return 0;
        }
        let left = |seqs: &VecDeque<Seq>| seqs.len() - seqs.partition_point(|seq| *seq < start);
        self.taken(filters).map(|seqs| left(seqs) as u64).sum()
    }

    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.records.contains_key(&seq)
    }
}
