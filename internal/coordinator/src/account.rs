//! The account of one partition: what was sent, stored and done.
//!
//! Sets, never high-water marks: a message that comes late is late, not lost. What a later record of
//! the ledger says to be done while no effect names it was *passed over*; it is lost unless an
//! effect still comes, and the record that passed over it is the evidence.

use std::collections::{BTreeMap, VecDeque};

use broker::Seq;
use bugs::Bug;
use model::{Durations, PartitionId, ProducerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bound::Decided;
use crate::docket::{By, Charge, Docket, note};
use crate::effect::Recent;
use crate::losses::parts;
use crate::{Class, Culprit, Evidence, Range, Rule, Seen};

/// The greatest sequence that is believed: numbers beyond it do not survive JSON in every program.
pub(crate) const SEQUENCE_MAX: u64 = 1 << 53;

/// Messages stored twice that are remembered for each partition.
const TWICE_MAX: usize = 1_000;

/// Counts over all partitions, kept up to date with every record.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub acked: u64,
    pub sent: u64,
    pub stored: u64,
    pub received: u64,
    pub effects: u64,
    pub pending: u64,
    pub passed: u64,
    pub foreign: u64,
    /// Told records that were stored a second time.
    #[serde(default)]
    pub retold: u64,
    /// From when each message was stored until its first effect was.
    #[serde(default)]
    pub end_to_end: Durations,
}

/// A stored message without an effect.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub pos: Seq,
    pub seq: u64,
    pub at: Timestamp,
}

/// A record of the ledger that passed over messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pass {
    pub range: Range,
    pub by: By,
}

/// The account of one partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub partition: PartitionId,
    pub acked: Seen,
    pub sent: Seen,
    pub stored: Seen,
    pub effects: Seen,
    /// Stored, but neither done nor passed over; in stream order.
    pub pending: VecDeque<Pending>,
    pub passed: Seen,
    pub passes: Vec<Pass>,
    /// The first message that was passed over and has not come since.
    pub passed_from: Option<Seq>,
    /// Sequences whose place in the stream a corrupt or misplaced record took.
    pub spoiled: Seen,
    /// How often a message was stored beyond the first time, less the repeated effects since.
    pub twice: BTreeMap<u64, u32>,
    /// Stored below an earlier one, and no effect yet.
    pub misordered: Seen,
    /// The highest message that is done. A forged number does not count: it would put every honest
    /// effect after it out of order.
    pub highest: u64,
    #[serde(with = "crate::deltas::recents")]
    pub recent: VecDeque<Recent>,
    /// Everything up to here is done, says the ledger.
    pub through: Seq,
    /// Losses that were counted early, lest the gaps fill the memory.
    pub decided: Decided,
    pub last_effect_at: Option<Timestamp>,
}

impl Account {
    pub fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            acked: Seen::default(),
            sent: Seen::default(),
            stored: Seen::default(),
            effects: Seen::default(),
            pending: VecDeque::new(),
            passed: Seen::default(),
            passes: Vec::new(),
            passed_from: None,
            spoiled: Seen::default(),
            twice: BTreeMap::new(),
            misordered: Seen::default(),
            highest: 0,
            recent: VecDeque::new(),
            through: Seq::NONE,
            decided: Decided::default(),
            last_effect_at: None,
        }
    }

    /// Publishes that were acknowledged.
    pub fn acknowledge(&mut self, ranges: &[Range], counts: &mut Counts) {
        for range in ranges {
            let range = Range(range.0, range.1.min(SEQUENCE_MAX));
            counts.acked += self.acked.insert_range(range);
            counts.sent += self.sent.insert_range(range);
        }
    }

    /// A message in the stream.
    pub fn store(
        &mut self,
        message: Pending,
        producer: &ProducerId,
        counts: &mut Counts,
        docket: &mut Docket,
    ) {
        let highest = self.stored.last();
        counts.sent += u64::from(self.sent.insert(message.seq));
        if !self.stored.insert(message.seq) {
            if self.twice.len() < TWICE_MAX {
                *self.twice.entry(message.seq).or_default() += 1;
            }
            let detail = "the producer had it stored a second time";
            docket.charge(self.misstored(Class::Duplicate, message, producer, detail));
            return;
        }
        counts.stored += 1;
        if highest.is_some_and(|highest| message.seq < highest) {
            self.misordered.insert(message.seq);
            let detail = "the producer had it stored after a later one";
            docket.charge(self.misstored(Class::OutOfOrder, message, producer, detail));
        }
        if self.effects.contains(message.seq) {
            return;
        }
        if message.pos <= self.through {
            counts.passed += u64::from(self.passed.insert(message.seq));
            self.passed_from = Some(self.passed_from.unwrap_or(message.pos).min(message.pos));
            return;
        }
        counts.pending += 1;
        self.pending.push_back(message);
    }

    fn misstored(&self, class: Class, of: Pending, by: &ProducerId, detail: &str) -> Charge {
        let record = Evidence { message: Some(of.pos), ..note("the stored message", Some(of.at)) };
        Charge {
            class,
            rule: Rule::StoredOnce,
            count: 1,
            partition: Some(self.partition),
            sequences: vec![Range(of.seq, of.seq)],
            at: of.at,
            culprit: Culprit::Producer(by.clone()),
            detail: detail.into(),
            evidence: vec![record],
        }
    }

    /// A record in the stream that is not the message it should be. Which one it should be is
    /// guessed from its place, so that the message does not count as lost as well.
    pub fn spoil(&mut self) -> u64 {
        let next = self.stored.last().max(self.spoiled.last()).unwrap_or(0) + 1;
        self.spoiled.insert(next);
        next
    }

    /// Numbers below that of a stored message which no message has, as far as anybody knows.
    pub fn unused_numbers(&self) -> Vec<Range> {
        let mut all = Seen::default();
        if let Some(last) = self.stored.last() {
            all.insert_range(Range(1, last));
        }
        let unstored = parts(&all.minus(&self.stored), &self.acked, false);
        parts(&unstored, &self.spoiled, false)
    }

    /// Up to where everything is judged, and judged to be done; the ledger, or whoever `told`, says
    /// what is done.
    pub fn done_through(&self, told: Seq) -> Option<Seq> {
        let through = self.through.max(told);
        let pending = self.pending.front().map(|message| message.pos);
        if bugs::has(Bug::TrimTooFar) {
            return self.pending.back().map(|message| message.pos);
        }
        let open = pending.into_iter().chain(self.passed_from).min();
        let done = open.map_or(through, |open| through.min(Seq(open.0.saturating_sub(1))));
        (done > Seq::NONE).then_some(done)
    }
}
