//! One stream: the rules of the port as a synchronous state machine.

use std::collections::BTreeMap;

use broker::{
    Append, AppendError, ConsumerName, Expect, Record, Refusal, Seq, StreamSpec, StreamState,
    Subject,
};
use bugs::Bug;
use bytes::Bytes;
use model::Timestamp;
use tokio::time::Instant;

use crate::agenda::Agenda;
use crate::durable::Durable;
use crate::filter::Filters;
use crate::followers::{FollowerId, Followers, Told};
use crate::ids::Ids;
use crate::pages::Pages;
use crate::subjects::{Held, SubjectId, Subjects};

/// What a record costs beside its subject and payload, as the real broker counts it, roughly.
const RECORD_BYTES: u64 = 40;

#[derive(Debug)]
struct Stored {
    subject: SubjectId,
    at: Timestamp,
    payload: Bytes,
}

/// What a record counts for.
fn bytes(subject: &Subject, payload: &Bytes) -> u64 {
    (subject.as_str().len() + payload.len()) as u64 + RECORD_BYTES
}

/// A stream and everything in it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) spec: StreamSpec,
    /// Tells it from a later stream of the same name.
    pub(crate) incarnation: u64,
    takes: Filters,
    records: Pages<Stored>,
    subjects: Subjects,
    last: Seq,
    bytes: u64,
    ids: Ids,
    pub(crate) followers: Followers,
    pub(crate) consumers: BTreeMap<ConsumerName, Durable>,
    /// Consumers that were ever made.
    pub(crate) consumers_made: u64,
}

impl Stream {
    pub(crate) fn new(spec: StreamSpec, incarnation: u64, agenda: Agenda) -> Self {
        Self {
            incarnation,
            takes: Filters::new(spec.subjects.iter().cloned()),
            ids: Ids::new(spec.duplicate_window),
            spec,
            records: Pages::default(),
            subjects: Subjects::default(),
            last: Seq::NONE,
            bytes: 0,
            followers: Followers::new(agenda),
            consumers: BTreeMap::new(),
            consumers_made: 0,
        }
    }

    /// Decides an append, `now`, when the clock shows `at`.
    pub(crate) fn append(
        &mut self,
        append: &Append,
        now: Instant,
        at: Timestamp,
    ) -> Result<Seq, AppendError> {
        let Append { stream, subject, payload, .. } = append;
        let known = self.subjects.id(subject);
        if known.is_none() && !self.takes.take(subject) {
            return Err(AppendError::Rejected(format!("{stream} takes no {subject}")));
        }
        if let Some(refusal) = self.refusal(append, known, now) {
            return Err(AppendError::Refused(refusal));
        }
        let size = bytes(subject, payload);
        if self.spec.max_bytes.is_some_and(|max| self.bytes + size > max) {
            return Err(AppendError::Rejected(format!("{stream} is full")));
        }
        let id = known.unwrap_or_else(|| {
            let takers = self.followers.takers(subject);
            self.subjects.add(subject, takers)
        });
        self.last = self.last.next();
        self.bytes += size;
        self.records.insert(self.last, Stored { subject: id, at, payload: payload.clone() });
        if let Some(id) = &append.id {
            self.ids.add(id, self.last, now);
        }
        let seqs = &mut self.subjects.at_mut(id).seqs;
        seqs.push_back(self.last);
        let kept = seqs.len() as u64;
        for _ in self.spec.max_per_subject.unwrap_or(kept)..kept {
            if let Some(seq) = self.drop_oldest(id) {
                self.consumers.values_mut().for_each(|consumer| consumer.dropped(subject, seq));
            }
        }
        if bugs::has(Bug::BrokerForgets)
            && stream.as_str().ends_with("MESSAGES")
            && self.last.0 % 50 == 9
        {
            self.records.remove(self.last);
        }
        self.followers.tell(&self.subjects.at(id).takers, self.last, now);
        Ok(self.last)
    }

    /// What stands in the way of an append to the subject that is `known`. A server that decides alone
    /// looks at the expectation first, several look at the message id first.
    fn refusal(
        &mut self,
        append: &Append,
        known: Option<SubjectId>,
        now: Instant,
    ) -> Option<Refusal> {
        let Append { subject, expect, id, .. } = append;
        let expectation = expect.as_ref().filter(|Expect { subject: of, seq }| {
            let expected = if of == subject { known } else { self.subjects.id(of) };
            self.last_of(expected) != *seq
        });
        let expectation = expectation.cloned().map(Refusal::Expectation);
        let Some(id) = id else { return expectation };
        let duplicate = self.ids.known(id, now).map(Refusal::Duplicate);
        if self.spec.replicas > 1 { duplicate.or(expectation) } else { expectation.or(duplicate) }
    }

    /// The server that held it stopped, and starts.
    pub(crate) fn restart(&mut self) {
        self.ids.learn(|seq| self.records.get(seq).is_some());
    }

    /// Adds a follower, which `told` is handed the name of.
    pub(crate) fn follow(
        &mut self,
        filters: Filters,
        told: impl FnOnce(FollowerId) -> Told,
    ) -> FollowerId {
        let id = self.followers.add(filters.clone(), told);
        self.subjects.each_taken(&filters, |held| held.takers.push(id));
        id
    }

    /// Removes a follower.
    pub(crate) fn unfollow(&mut self, id: FollowerId) {
        if let Some(filters) = self.followers.remove(id) {
            self.subjects
                .each_taken(&filters, |held| held.takers.retain(|follower| *follower != id));
        }
    }

    /// Removes the oldest record of a subject.
    fn drop_oldest(&mut self, id: SubjectId) -> Option<Seq> {
        let Held { subject, seqs, .. } = self.subjects.at_mut(id);
        let seq = seqs.pop_front()?;
        self.bytes -= self.records.remove(seq).map_or(0, |stored| bytes(subject, &stored.payload));
        Some(seq)
    }

    fn first_of(&self, id: SubjectId) -> Option<Seq> {
        self.subjects.at(id).seqs.front().copied()
    }

    /// Removes the records of a subject below a sequence.
    pub(crate) fn trim(&mut self, subject: &Subject, below: Seq) {
        let mut dropped = Vec::new();
        let id = self.subjects.id(subject);
        while let Some(id) = id
            && self.first_of(id).is_some_and(|seq| seq < below)
        {
            dropped.extend(self.drop_oldest(id));
        }
        let first = self.state().first;
        let left = id.and_then(|id| self.first_of(id)).unwrap_or(self.last.next());
        for consumer in self.consumers.values_mut() {
            // The server tells of a single record like of one that was evicted, of several not.
            match dropped[..] {
                [] => {}
                [seq] => consumer.dropped(subject, seq),
                _ => consumer.forget_retries_below(first),
            }
            consumer.trimmed(subject, left, first, |seq| self.records.get(seq).is_some());
        }
    }

    pub(crate) fn state(&self) -> StreamState {
        let first = self.records.from(Seq::NONE).next();
        let first = first.map_or(self.last.next(), |(seq, _)| seq);
        let records = self.records.len();
        StreamState { first, last: self.last, records, bytes: self.bytes }
    }

    fn last_of(&self, id: Option<SubjectId>) -> Seq {
        id.and_then(|id| self.subjects.at(id).seqs.back().copied()).unwrap_or(Seq::NONE)
    }

    pub(crate) fn last(&self, filter: &Subject) -> Option<Record> {
        let filter = Filters::new([filter.clone()]);
        self.lasts(&filter).into_iter().max().and_then(|seq| self.record(seq, 0))
    }

    /// The last sequence of every subject that `filters` take.
    pub(crate) fn lasts(&self, filters: &Filters) -> Vec<Seq> {
        self.subjects.taken(filters).filter_map(|held| held.seqs.back().copied()).collect()
    }

    pub(crate) fn first_at(&self, subject: &Subject, at: Seq) -> Option<Record> {
        let seqs = &self.subjects.get(subject)?.seqs;
        let seq = seqs.get(seqs.partition_point(|seq| *seq < at))?;
        self.record(*seq, 0)
    }

    pub(crate) fn records_from(&self, start: Seq) -> Vec<Record> {
        self.records.from(start).filter_map(|(seq, _)| self.record(seq, 0)).collect()
    }

    pub(crate) fn record(&self, seq: Seq, pending: u64) -> Option<Record> {
        let Stored { subject, at, payload } = self.records.get(seq)?;
        let (subject, payload) = (self.subjects.at(*subject).subject.clone(), payload.clone());
        Some(Record { subject, seq, stored_at_us: at.0, payload, pending })
    }

    /// The sequences of up to `max` records from `start` on that `filters` take, and where to look
    /// for further ones.
    pub(crate) fn scan(&self, filters: &Filters, start: Seq, max: usize) -> (Vec<Seq>, Seq) {
        let mut found = Vec::new();
        if filters.has_patterns() {
            let subject = |stored: &Stored| &self.subjects.at(stored.subject).subject;
            let records = self.records.from(start);
            let taken = records.filter(|(_, stored)| filters.take(subject(stored)));
            found.extend(taken.map(|(seq, _)| seq).take(max));
        } else {
            for Held { seqs, .. } in self.subjects.taken(filters) {
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
        let left = |held: &Held| held.seqs.len() - held.seqs.partition_point(|seq| *seq < start);
        self.subjects.taken(filters).map(|held| left(held) as u64).sum()
    }

    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.records.get(seq).is_some()
    }
}
