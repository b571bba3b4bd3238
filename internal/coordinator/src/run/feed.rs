//! From records to what the judge understands.

use broker::{Record, Seq};
use bugs::Bug;
use model::{Message, MessageError, Timestamp};
use parti::records::{self, LedgerRecord, Signs};
use parti::{GroupSubject, Names};
use reports::{Report, ToldRecord};
use serde::{Deserialize, Serialize};

use super::error::CoordinatorError;
use super::follow::Source;
use super::record::Recorder;
use super::trim::Trims;
use crate::{
    Corrupt, Entry, Foreign, Judge, OfChaos, OfGroup, OfMember, OfPartition, Promise, Stored,
};

/// Tells the judge, and remembers how far each stream was read.
pub(super) struct Feed {
    pub(super) judge: Judge,
    /// Who writes down what the judge is told, if anybody does.
    pub(super) recorder: Option<Box<dyn Recorder>>,
    /// How much the judge was told since the run began.
    pub(super) told: u64,
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
        let (recorder, told, signs) = (None, 0, Signs::default());
        Self { judge, recorder, told, trims, read, names, ahead, signs }
    }

    /// Tells the judge, and writes it down: what it is told and what is written are the same.
    pub(super) fn tell(&mut self, entry: Entry) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(&entry);
        }
        self.told += 1;
        self.judge.take(entry);
    }

    /// What was written down so far is to survive.
    pub(super) fn flush(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.flush();
        }
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
        let (pos, at) = (record.seq, stored_at(record));
        let Some(partition) = self.names.partition_of(&record.subject) else {
            return self.tell(Entry::Foreign(Foreign { at, pos: None }));
        };
        self.tell(match Message::decode(&record.payload) {
            Ok(message) => {
                let of = (message.partition != partition).then_some(message.partition);
                let (seq, producer) = (message.partition_seq.0, message.producer);
                Entry::Stored(Stored { partition, pos, at, seq, producer, of })
            }
            Err(MessageError::Foreign(_)) => Entry::Foreign(Foreign { at, pos: Some(pos) }),
            Err(MessageError::Corrupt { expected, found }) => {
                Entry::Corrupt(Corrupt { partition, pos, at, expected, found })
            }
        });
    }

    fn ledger(&mut self, record: &Record) {
        self.read.ledger = record.seq;
        let (pos, at) = (record.seq, stored_at(record));
        let foreign = Entry::Foreign(Foreign { at, pos: None });
        let Some(partition) = self.names.partition_of(&record.subject) else {
            return self.tell(foreign);
        };
        if bugs::has(Bug::RecordDropped) && record.seq.0 % 60 == 59 {
            return;
        }
        let (told, outputs) = match self.judge.settings().promise {
            Promise::ExactlyOnce => match LedgerRecord::decode(record) {
                Ok(record) => {
                    let outputs = match &record {
                        LedgerRecord::Effect { outputs, .. } => outputs.len(),
                        _ => 0,
                    };
                    (Entry::Ledger(OfPartition { partition, pos, at, record }), outputs)
                }
                Err(_) => (foreign, 0),
            },
            Promise::AtLeastOnce { .. } => match records::decode(record) {
                Ok(record) => {
                    let outputs = match &record {
                        ToldRecord::Done { outputs, .. } => outputs.len(),
                        _ => 0,
                    };
                    (Entry::Told(OfPartition { partition, pos, at, record }), outputs)
                }
                Err(_) => (foreign, 0),
            },
        };
        self.trims.done(partition, outputs as u64);
        self.tell(told);
    }

    fn group(&mut self, record: &Record) {
        self.read.group = record.seq;
        let (pos, at) = (record.seq, stored_at(record));
        if let Some((member, record)) = self.signs.again(record) {
            return self.tell(Entry::Member(OfMember { member, pos, at, record }));
        }
        let told = match self.names.group_subject(&record.subject) {
            Some(GroupSubject::Leader) => {
                records::decode(record).map(|record| Entry::Leader(OfGroup { pos, at, record }))
            }
            Some(GroupSubject::LeaderBeat) => {
                records::decode(record).map(|record| Entry::Beat(OfGroup { pos, at, record }))
            }
            Some(GroupSubject::Member(member)) => records::decode(record).map(|says| {
                self.signs.note(record, &member, &says);
                Entry::Member(OfMember { member, pos, at, record: says })
            }),
            Some(GroupSubject::Grant(member)) => records::decode(record)
                .map(|record| Entry::Grant(OfMember { member, pos, at, record })),
            Some(GroupSubject::Plan) => {
                records::decode(record).map(|record| Entry::Plan(OfGroup { pos, at, record }))
            }
            Some(GroupSubject::Settings) => return,
            None => return self.tell(Entry::Foreign(Foreign { at, pos: None })),
        };
        self.tell(told.unwrap_or_else(|error| {
            tracing::warn!(%error, "foreign record");
            Entry::Foreign(Foreign { at, pos: None })
        }));
    }

    fn report(&mut self, record: &Record) {
        self.read.reports = record.seq;
        self.tell(match Report::decode(record) {
            Some(Report::Producer(_)) if bugs::has(Bug::ReportsDropped) => return,
            Some(Report::Producer(mut report)) => {
                report.finished &= record.seq > self.ahead.earlier;
                Entry::Producer(report)
            }
            Some(Report::Worker(report)) => Entry::Worker(report),
            Some(Report::Fault(fault)) => Entry::Fault(OfChaos { fault }),
            Some(Report::Phase(_)) => return,
            None => Entry::Foreign(Foreign { at: stored_at(record), pos: None }),
        });
    }
}

fn stored_at(record: &Record) -> Timestamp {
    Timestamp(record.stored_at_us)
}
