//! Effects as they reach the account of their partition, and what is wrong with them.

use std::sync::Arc;

use broker::Seq;
use model::Timestamp;
use parti::records::Holder;

use crate::account::{Account, Counts, Pass, SEQUENCE_MAX};
use crate::docket::{By, Charge, Docket, before, note};
use crate::{Class, Evidence, Output, Range, Rule, Seen};

/// Effects that are remembered with their record, to name the first one of a duplicate.
const RECENT_MAX: usize = 16;
/// Records that passed over messages which are remembered for each partition.
const PASSES_MAX: usize = 16;

/// An effect that is remembered with its record.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    pub range: Range,
    pub ledger: Seq,
    pub at: Timestamp,
    pub holder: Arc<Holder>,
}

/// When an effect was stored, and the latest time at which a message that it names can have been.
#[derive(Clone, Copy)]
pub(crate) struct Done {
    pub at: Timestamp,
    pub latest: Timestamp,
}

/// What is wrong with the outputs of one effect.
#[derive(Default)]
pub(crate) struct Wrong {
    /// Each time that a message was done before.
    pub repeats: Vec<u64>,
    pub out_of_order: Seen,
    pub unexpected: Seen,
    pub unprocessed: Seen,
}

impl Account {
    /// An effect: what `outputs` name is done, and everything up to `through` is said to be.
    pub fn effect(
        &mut self,
        by: &By,
        through: Seq,
        outputs: &[Output],
        counts: &mut Counts,
        docket: &mut Docket,
    ) {
        let latest = before(by.at, docket.settings.processing_min);
        let (wrong, named) = self.take(outputs, Done { at: by.at, latest }, counts);
        self.last_effect_at = Some(by.at);
        self.charge_wrong(&wrong, by, docket);
        self.pass_over(by, through, counts);
        if let Some(range) = named {
            if self.recent.len() == RECENT_MAX {
                self.recent.pop_front();
            }
            let holder = Arc::clone(&by.holder);
            self.recent.push_back(Recent { range, ledger: by.ledger, at: by.at, holder });
        }
    }

    /// Takes what is done into the sets. Returns what is wrong with it, and what it spans.
    pub fn take(
        &mut self,
        outputs: &[Output],
        done: Done,
        counts: &mut Counts,
    ) -> (Wrong, Option<Range>) {
        let mut wrong = Wrong::default();
        let mut named: Option<Range> = None;
        for output in outputs {
            counts.effects += 1;
            let Output::Done(seq) = output else { continue };
            if seq.0 > SEQUENCE_MAX {
                wrong.unexpected.insert(SEQUENCE_MAX);
                continue;
            }
            self.output(seq.0, done, counts, &mut wrong);
            let range = named.get_or_insert(Range(seq.0, seq.0));
            *range = Range(range.0.min(seq.0), range.1.max(seq.0));
        }
        (wrong, named)
    }

    fn output(&mut self, seq: u64, done: Done, counts: &mut Counts, wrong: &mut Wrong) {
        if !self.effects.insert(seq) {
            match self.twice.get_mut(&seq) {
                Some(1) => drop(self.twice.remove(&seq)),
                Some(copies) => *copies -= 1,
                None => wrong.repeats.push(seq),
            }
            return;
        }
        counts.received += 1;
        if seq < self.highest && !self.misordered.remove(seq) {
            wrong.out_of_order.insert(seq);
        }
        if seq > self.highest && self.stored.contains(seq) {
            self.highest = seq;
        }
        if self.passed.count() > 0 && self.passed.remove(seq) {
            counts.passed -= 1;
            self.passed_from = self.passed_from.filter(|_| self.passed.count() > 0);
            return;
        }
        let index = match self.pending.front() {
            Some(front) if front.seq == seq => Some(0),
            _ => self.pending.iter().position(|message| message.seq == seq),
        };
        let Some(message) = index.and_then(|index| self.pending.remove(index)) else { return };
        counts.pending -= 1;
        counts.end_to_end.add(done.at.since(message.at));
        if message.at > done.latest {
            wrong.unprocessed.insert(seq);
        }
    }

    /// The ledger says that everything up to `through` is done: what no effect named by now was
    /// passed over.
    pub fn pass_over(&mut self, by: &By, through: Seq, counts: &mut Counts) {
        self.through = self.through.max(through);
        while let Some(message) = self.pending.front().copied() {
            if message.pos > through {
                return;
            }
            self.pending.pop_front();
            counts.pending -= 1;
            counts.passed += u64::from(self.passed.insert(message.seq));
            self.passed_from.get_or_insert(message.pos);
            self.remember_pass(message.seq, by);
        }
    }

    fn remember_pass(&mut self, seq: u64, by: &By) {
        if let Some(pass) = self.passes.last_mut()
            && pass.by.ledger == by.ledger
            && pass.range.1.checked_add(1) == Some(seq)
        {
            pass.range.1 = seq;
        } else if self.passes.len() < PASSES_MAX {
            self.passes.push(Pass { range: Range(seq, seq), by: by.clone() });
        }
    }

    pub fn charge_wrong(&self, wrong: &Wrong, by: &By, docket: &mut Docket) {
        let charge = |class, count, seen: &Seen, detail: &str, evidence| Charge {
            class,
            rule: match class {
                Class::Unexpected => Rule::DoneWasSent,
                Class::Unprocessed => Rule::Processed,
                _ => Rule::I1,
            },
            count,
            partition: Some(self.partition),
            sequences: seen.ranges().collect(),
            at: by.at,
            culprit: by.culprit(),
            detail: detail.into(),
            evidence,
        };
        if !wrong.repeats.is_empty() {
            let mut repeated = Seen::default();
            wrong.repeats.iter().for_each(|seq| _ = repeated.insert(*seq));
            let first = repeated.first().unwrap_or_default();
            let evidence = vec![self.earlier(first), by.shows("the second effect")];
            let detail = "done a second time";
            docket.charge(charge(
                Class::Duplicate,
                wrong.repeats.len() as u64,
                &repeated,
                detail,
                evidence,
            ));
        }
        if wrong.out_of_order.count() > 0 {
            let first = wrong.out_of_order.first().unwrap_or_default();
            let evidence = vec![self.later(first), by.shows("the effect that came after it")];
            let (seen, detail) = (&wrong.out_of_order, "done after a later message");
            docket.charge(charge(Class::OutOfOrder, seen.count(), seen, detail, evidence));
        }
        if wrong.unexpected.count() > 0 {
            let (seen, detail) = (&wrong.unexpected, "done, but no sequence that any message has");
            let evidence = vec![by.shows("the effect")];
            docket.charge(charge(Class::Unexpected, seen.count(), seen, detail, evidence));
        }
        if wrong.unprocessed.count() > 0 {
            let least = docket.settings.processing_min.as_secs_f64();
            let detail = format!("done within less than {least} s, which is what a handler takes");
            let (seen, evidence) = (&wrong.unprocessed, vec![by.shows("the effect")]);
            docket.charge(charge(Class::Unprocessed, seen.count(), seen, &detail, evidence));
        }
    }

    /// The record that did `seq` first.
    fn earlier(&self, seq: u64) -> Evidence {
        let found = self.recent.iter().rev().find(|r| (r.range.0..=r.range.1).contains(&seq));
        self.cite(found, "the first effect")
    }

    /// A record that did a later message than `seq`.
    fn later(&self, seq: u64) -> Evidence {
        let found = self.recent.iter().find(|recent| recent.range.1 > seq);
        self.cite(found, "the effect of a later message")
    }

    fn cite(&self, recent: Option<&Recent>, what: &str) -> Evidence {
        match recent {
            Some(recent) => Evidence {
                what: what.into(),
                at: Some(recent.at),
                ledger: Some(recent.ledger),
                message: None,
                holder: Some(Holder::clone(&recent.holder)),
            },
            None => note(format!("{what} stands in the same record or long before it"), None),
        }
    }
}
