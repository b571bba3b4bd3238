//! What the members that consumed one partition told of it: who had it when, and who did what.
//!
//! Nothing is fenced here, so records of several members may alternate, and one that was in doubt may
//! come twice.

use std::collections::VecDeque;
use std::time::Duration;

use broker::Seq;
use model::Timestamp;
use parti::MemberId;
use parti::records::Session;
use reports::ToldRecord;
use serde::{Deserialize, Serialize};

use crate::docket::By;
use crate::{Range, Seen};

/// Tenures that are remembered.
const TENURES_MAX: usize = 64;
/// Runs of effects that are remembered, to name the effect before another one.
const RUNS_MAX: usize = 256;
/// Effects of one run are no more than this apart, so that each has a time.
pub(crate) const RUN_MAX: Duration = Duration::from_secs(1);
/// Owners that left messages behind them for good, and are remembered.
const STRANDS_MAX: usize = 16;

/// A member consumed the partition for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tenure {
    by: By,
    until: Option<Timestamp>,
}

/// Messages that one member did one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub range: Range,
    /// The first record of them.
    pub by: By,
}

/// A consumer to which the partition was added when it was already beyond messages that waited.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Strand {
    pub by: By,
    pub position: Seq,
}

/// The records of one life that were told.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Numbers {
    member: MemberId,
    session: Session,
    seen: Seen,
}

/// What was told of one partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tale {
    tenures: VecDeque<Tenure>,
    runs: VecDeque<Run>,
    numbers: VecDeque<Numbers>,
    strands: Vec<Strand>,
    /// The newest message that is done: its place in the stream.
    pub through: Seq,
}

impl Tale {
    /// Whether this was not told before.
    pub fn is_news(&mut self, record: &ToldRecord) -> bool {
        let (member, session, number) = record.teller();
        if number == 0 {
            return true;
        }
        let of = |life: &&mut Numbers| life.session == session && life.member == *member;
        if let Some(life) = self.numbers.iter_mut().rev().find(of) {
            return life.seen.insert(number);
        }
        if self.numbers.len() == TENURES_MAX {
            self.numbers.pop_front();
        }
        let mut seen = Seen::default();
        seen.insert(number);
        self.numbers.push_back(Numbers { member: member.clone(), session, seen });
        true
    }

    /// A member has it from now on, by a consumer that is at `position`.
    pub fn owned(&mut self, by: &By, position: Option<Seq>, first_waiting: Option<Seq>) {
        if self.tenures.len() == TENURES_MAX {
            self.tenures.pop_front();
        }
        self.tenures.push_back(Tenure { by: by.clone(), until: None });
        if let Some(position) = position
            && first_waiting.is_some_and(|waiting| waiting <= position)
            && self.strands.len() < STRANDS_MAX
        {
            self.strands.push(Strand { by: by.clone(), position });
        }
    }

    /// A member has it no more.
    pub fn released(&mut self, member: &MemberId, session: Session, at: Timestamp) {
        let of = |tenure: &&mut Tenure| {
            let holder = &tenure.by.holder;
            holder.session == session && holder.member == *member && tenure.until.is_none()
        };
        self.tenures.iter_mut().filter(of).for_each(|tenure| tenure.until = Some(at));
    }

    /// Who had it at some time of `from..=to`, as far as anybody told.
    pub fn had(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &MemberId> {
        let overlaps = move |tenure: &&Tenure| {
            tenure.by.at <= to && tenure.until.is_none_or(|until| until >= from)
        };
        self.tenures.iter().filter(overlaps).map(|tenure| &tenure.by.holder.member)
    }

    /// A message was done.
    pub fn done(&mut self, seq: u64, by: &By) {
        if let Some(run) = self.runs.back_mut()
            && run.range.1.checked_add(1) == Some(seq)
            && run.by.holder == by.holder
            && by.at.since(run.by.at) < RUN_MAX
        {
            run.range.1 = seq;
            return;
        }
        if self.runs.len() == RUNS_MAX {
            self.runs.pop_front();
        }
        self.runs.push_back(Run { range: Range(seq, seq), by: by.clone() });
    }

    /// Who did `seq` last.
    pub fn doer(&self, seq: u64) -> Option<&Run> {
        self.runs.iter().rev().find(|run| (run.range.0..=run.range.1).contains(&seq))
    }

    /// Who did a later message than `seq` first.
    pub fn later(&self, seq: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.range.1 > seq)
    }

    /// The consumer that was past the message at `pos` before it had the partition.
    pub fn strander(&self, pos: Seq) -> Option<&Strand> {
        self.strands.iter().find(|strand| pos <= strand.position)
    }

    pub fn entries(&self) -> usize {
        let numbers: usize = self.numbers.iter().map(|life| 1 + life.seen.runs()).sum();
        self.tenures.len() + self.runs.len() + self.strands.len() + numbers
    }
}
