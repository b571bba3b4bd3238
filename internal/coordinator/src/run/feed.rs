//! From records to what the judge understands.

use broker::{Record, Seq};
use model::{Message, Timestamp};
use parti::records::{self, LedgerRecord, MemberRecord, Signs};
use parti::{GroupSubject, Names};
use reports::{Output, Report};
use serde::{Deserialize, Serialize};

use super::error::CoordinatorError;
use super::follow::Source;
use super::trim::Trims;
use crate::Judge;

/// Tells the judge, and remembers how far each stream was read.
pub(super) struct Feed {
    pub(super) judge: Judge,
    pub(super) trims: Trims,
    pub(super) read: Read,
    names: Names,
    ahead: Ahead,
    signs: Signs,
}

/// What a run that goes on finds in the streams, beyond what it had read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// Up to here no record may be missing.
    pub(super) whole: Read,
    /// Producers that say in a report up to here that they have finished are started again.
    pub(super) earlier: Seq,
}

/// How far each stream was read: the sequence of the newest record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The stream of messages.
    pub messages: Seq,
    /// The ledger.
    pub ledger: Seq,
    /// The group's stream.
    pub group: Seq,
    /// The reports.
    #[serde(default)]
    pub reports: Seq,
}

impl Feed {
    /// Goes on after `read`.
    pub(super) fn new(judge: Judge, trims: Trims, names: Names, read: Read, ahead: Ahead) -> Self {
        Self { judge, trims, read, names, ahead, signs: Signs::default() }
    }

    /// One record of one stream.
    ///
    /// # Errors
    ///
    /// [`CoordinatorError::Missing`] if a record before it is gone that was not judged.
    pub(super) fn take(&mut self, source: Source, record: &Record) -> Result<(), CoordinatorError> {
        self.check_whole(source, record.seq)?;
        match source {
            Source::Messages => self.message(record),
            Source::Ledger => self.ledger(record),
            Source::Group => self.group(record),
            Source::Reports => self.report(record),
        }
        Ok(())
    }

    fn check_whole(&self, source: Source, seq: Seq) -> Result<(), CoordinatorError> {
        let (read, whole, stream) = match source {
            Source::Messages => {
                (self.read.messages, self.ahead.whole.messages, &self.names.messages)
            }
            Source::Ledger => (self.read.ledger, self.ahead.whole.ledger, &self.names.ledger),
            Source::Group => (self.read.group, self.ahead.whole.group, &self.names.group),
            // Only the last report of everybody is kept, and says it all.
            Source::Reports => return Ok(()),
        };
        if read < whole && seq != read.next() {
            return Err(CoordinatorError::Missing { stream: stream.clone(), read, next: seq });
        }
        Ok(())
    }

    fn message(&mut self, record: &Record) {
        self.read.messages = record.seq;
        if let Some(partition) = self.names.partition_of(&record.subject) {
            let payload = Message::decode(&record.payload);
            self.judge.stored(partition, record.seq, stored_at(record), payload);
        } else {
            self.judge.foreign();
        }
    }

    fn ledger(&mut self, record: &Record) {
        self.read.ledger = record.seq;
        let Some(partition) = self.names.partition_of(&record.subject) else {
            return self.judge.foreign();
        };
        let decoded = records::decode::<LedgerRecord<Output>>(record);
        if let Ok(LedgerRecord::Effect { outputs, .. }) = &decoded {
            self.trims.done(partition, outputs.len() as u64);
        }
        self.judge.ledger(partition, record.seq, stored_at(record), decoded);
    }

    fn group(&mut self, record: &Record) {
        self.read.group = record.seq;
        let (seq, at) = (record.seq, stored_at(record));
        let judge = &mut self.judge;
        if let Some((member, says)) = self.signs.again(record) {
            return judge.member(member, seq, at, says);
        }
        let known = match self.names.group_subject(&record.subject) {
            Some(GroupSubject::Leader) => records::decode(record).map(|r| judge.leader(seq, at, r)),
            Some(GroupSubject::LeaderBeat) => {
                records::decode(record).map(|r| judge.leader_beat(seq, at, r))
            }
            Some(GroupSubject::Member(member)) => records::decode(record).map(|r: MemberRecord| {
                self.signs.note(record, &member, &r);
                judge.member(member, seq, at, r);
            }),
            Some(GroupSubject::Grant(member)) => {
                records::decode(record).map(|r| judge.grant(member, seq, at, r))
            }
            Some(GroupSubject::Plan) => records::decode(record).map(|r| judge.plan(seq, at, r)),
            Some(GroupSubject::Settings) => Ok(()),
            None => return judge.foreign(),
        };
        if let Err(error) = known {
            tracing::warn!(%error, "foreign record");
            self.judge.foreign();
        }
    }

    fn report(&mut self, record: &Record) {
        self.read.reports = record.seq;
        match Report::decode(record) {
            Some(Report::Producer(mut report)) => {
                report.finished &= record.seq > self.ahead.earlier;
                self.judge.producer_report(report);
            }
            Some(Report::Worker(report)) => self.judge.worker_report(report),
            Some(Report::Fault(fault)) => self.judge.fault(fault),
            Some(Report::Phase(_)) => {}
            None => self.judge.foreign(),
        }
    }
}

fn stored_at(record: &Record) -> Timestamp {
    Timestamp(record.stored_at_us)
}
