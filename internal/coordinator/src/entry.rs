//! What the judge is told, as values: one after the other they are the history of a run, which can be
//! written down and judged again.
//!
//! Each is one JSON object with a `kind`. `at` is when it was stored, in microseconds since 1970;
//! `pos` its sequence in its stream.

use broker::Seq;
use model::json::{self, Pieces};
use model::{PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{Grant, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan};
use serde::{Deserialize, Serialize};

use crate::judge::Judge;
use crate::{Fault, Output, ProducerReport, Sent, ToldRecord, WorkerReport};

/// One thing that the judge is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A message in the stream.
    Stored(Stored),
    /// A record in the stream of messages that is not what was sent.
    Corrupt(Corrupt),
    /// A record that was never ours.
    Foreign(Foreign),
    /// A record of a ledger in which claims fence.
    Ledger(OfPartition<LedgerRecord<Output>>),
    /// A record of a ledger that nothing fences.
    Told(OfPartition<ToldRecord>),
    /// A record of a member.
    Member(OfMember<MemberRecord>),
    /// Who leads.
    Leader(OfGroup<LeaderRecord>),
    /// The leader's sign of life.
    Beat(OfGroup<LeaderBeat>),
    /// What a member may own.
    Grant(OfMember<Grant>),
    /// Why the assignment changes.
    Plan(OfGroup<Plan>),
    /// A producer's report.
    Producer(ProducerReport),
    /// A worker's report.
    Worker(WorkerReport),
    /// What chaos did.
    Fault(OfChaos),
    /// Producers send nothing more.
    Draining(Draining),
    /// The run goes on from a checkpoint.
    Resumed(Resumption),
}

/// A message in the stream, on the subject of `partition`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// On whose subject it stands.
    pub partition: PartitionId,
    /// Where it stands.
    pub pos: Seq,
    /// When it was stored.
    pub at: Timestamp,
    /// Its place among the messages of its partition.
    pub seq: u64,
    /// Who sent it.
    pub producer: ProducerId,
    /// Whose message it is, if not that partition's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<PartitionId>,
}

/// A record in the stream of messages whose checksum is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrupt {
    /// On whose subject it stands.
    pub partition: PartitionId,
    /// Where it stands.
    pub pos: Seq,
    /// When it was stored.
    pub at: Timestamp,
    /// The checksum of what it holds.
    pub expected: u32,
    /// The checksum that it carries.
    pub found: u32,
}

/// A record that was never ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Foreign {
    /// When it was stored.
    pub at: Timestamp,
    /// Where it stands in the stream of messages, if it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos: Option<Seq>,
}

/// A record of the ledger, on the chain of `partition`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfPartition<T> {
    /// Whose chain it is.
    pub partition: PartitionId,
    /// Where it stands in the ledger.
    pub pos: Seq,
    /// When it was stored.
    pub at: Timestamp,
    /// The record.
    pub record: T,
}

/// A record of the group's stream about a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfMember<T> {
    /// The member.
    pub member: MemberId,
    /// Where it stands in the group's stream.
    pub pos: Seq,
    /// When it was stored.
    pub at: Timestamp,
    /// The record.
    pub record: T,
}

/// A record of the group's stream about nobody or everybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfGroup<T> {
    /// Where it stands in the group's stream.
    pub pos: Seq,
    /// When it was stored.
    pub at: Timestamp,
    /// The record.
    pub record: T,
}

/// A fault began, or its end became known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfChaos {
    /// The fault.
    pub fault: Fault,
}

/// Producers send nothing more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draining {
    /// Since when.
    pub at: Timestamp,
}

/// The run goes on from a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumption {
    /// When it goes on.
    pub at: Timestamp,
    /// When the checkpoint was taken.
    pub checkpoint: Timestamp,
    /// All of it was stopped, not the coordinator alone.
    pub everything: bool,
}

impl Entry {
    /// Writes it down, as JSON. Nearly all are messages, effects and signs of life, which are put
    /// together; the others are left to the serializer.
    ///
    /// # Errors
    ///
    /// None that a history knows of: its keys are texts.
    pub fn write(&self, pieces: &mut Pieces<'_>) -> Result<(), json::Error> {
        match self {
            Self::Stored(Stored { partition, pos, at, seq, producer, of: None }) => {
                pieces
                    .number("{\"kind\":\"stored\",\"partition\":", partition.0)
                    .number(",\"pos\":", pos.0)
                    .number(",\"at\":", at.0)
                    .number(",\"seq\":", *seq)
                    .string(",\"producer\":", &producer.0)
                    .text("}");
            }
            Self::Ledger(OfPartition { partition, pos, at, record }) => {
                pieces
                    .number("{\"kind\":\"ledger\",\"partition\":", partition.0)
                    .number(",\"pos\":", pos.0)
                    .number(",\"at\":", at.0)
                    .text(",\"record\":");
                record.write(pieces)?;
                pieces.text("}");
            }
            Self::Member(OfMember {
                member,
                pos,
                at,
                record: MemberRecord::Alive { session, seat, acked, owned },
            }) => {
                pieces
                    .string("{\"kind\":\"member\",\"member\":", member.as_str())
                    .number(",\"pos\":", pos.0)
                    .number(",\"at\":", at.0)
                    .number(",\"record\":{\"kind\":\"alive\",\"session\":", session.0)
                    .number(",\"seat\":", seat.0)
                    .number(",\"acked\":", acked.0)
                    .number(",\"owned\":", *owned)
                    .text("}}");
            }
            other => {
                pieces.value("", other)?;
            }
        }
        Ok(())
    }

    /// Reads a line of this `kind`; `None` if there is no such kind.
    pub fn read(kind: &str, line: &[u8]) -> Option<serde_json::Result<Self>> {
        fn of<'a, T: Deserialize<'a>>(
            line: &'a [u8],
            entry: fn(T) -> Entry,
        ) -> Option<serde_json::Result<Entry>> {
            Some(serde_json::from_slice(line).map(entry))
        }
        match kind {
            "stored" => of(line, Self::Stored),
            "corrupt" => of(line, Self::Corrupt),
            "foreign" => of(line, Self::Foreign),
            "ledger" => of(line, Self::Ledger),
            "told" => of(line, Self::Told),
            "member" => of(line, Self::Member),
            "leader" => of(line, Self::Leader),
            "beat" => of(line, Self::Beat),
            "grant" => of(line, Self::Grant),
            "plan" => of(line, Self::Plan),
            "producer" => of(line, Self::Producer),
            "worker" => of(line, Self::Worker),
            "fault" => of(line, Self::Fault),
            "draining" => of(line, Self::Draining),
            "resumed" => of(line, Self::Resumed),
            _ => None,
        }
    }
}

impl Judge {
    /// Takes in what it is told, whatever it is.
    pub fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Stored(Stored { partition, pos, at, seq, producer, of }) => {
                let sent = Sent { partition: of.unwrap_or(partition), seq, producer };
                self.stored(partition, pos, at, sent);
            }
            Entry::Corrupt(Corrupt { partition, pos, at, expected, found }) => {
                self.corrupt(partition, pos, at, expected, found);
            }
            Entry::Foreign(Foreign { at, pos }) => self.foreign(at, pos),
            Entry::Ledger(of) => self.ledger(of.partition, of.pos, of.at, of.record),
            Entry::Told(of) => self.told(of.partition, of.pos, of.at, of.record),
            Entry::Member(of) => self.member(of.member, of.pos, of.at, of.record),
            Entry::Leader(of) => self.leader(of.pos, of.at, of.record),
            Entry::Beat(of) => self.leader_beat(of.pos, of.at, of.record),
            Entry::Grant(of) => self.grant(of.member, of.pos, of.at, of.record),
            Entry::Plan(of) => self.plan(of.pos, of.at, of.record),
            Entry::Producer(report) => self.producer_report(report),
            Entry::Worker(report) => self.worker_report(report),
            Entry::Fault(OfChaos { fault }) => self.fault(fault),
            Entry::Draining(Draining { at }) => self.draining(at),
            Entry::Resumed(Resumption { at, checkpoint, everything }) => {
                self.resumed(at, checkpoint, everything);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parti::records::{Epoch, Holder, Session, Term};

    use super::*;

    #[test]
    fn what_is_put_together_is_what_the_serializer_writes() {
        let (partition, pos, at) = (PartitionId(7), Seq(8), Timestamp(-9));
        let member = MemberId::new("worker-3").unwrap();
        let (session, seat) = (Session(1), Session(2));
        let holder = Holder { term: Term(3), epoch: Epoch(4), session, member: member.clone() };
        let (claim, through) = (Seq(5), Seq(6));
        let outputs =
            vec![Output::Done(model::PartitionSeq(1)), Output::Done(model::PartitionSeq(2))];
        let stored = |producer: &str, of| {
            let producer = ProducerId(producer.into());
            Entry::Stored(Stored { partition, pos, at, seq: 10, producer, of })
        };
        let ledger = |record| Entry::Ledger(OfPartition { partition, pos, at, record });
        let of_member =
            |record| Entry::Member(OfMember { member: member.clone(), pos, at, record });
        for entry in [
            stored("producer-1", None),
            stored("a \"quoted\" \\ name", None),
            stored("producer-1", Some(PartitionId(3))),
            ledger(LedgerRecord::Claim { holder: holder.clone(), through }),
            ledger(LedgerRecord::Effect { holder: holder.clone(), claim, through, outputs }),
            ledger(LedgerRecord::Release { holder, claim, through }),
            of_member(MemberRecord::Alive { session, seat, acked: Epoch(3), owned: 15 }),
            of_member(MemberRecord::Left { session }),
            Entry::Foreign(Foreign { at, pos: None }),
        ] {
            let mut written = Vec::new();
            entry.write(&mut Pieces(&mut written)).unwrap();
            let written = String::from_utf8(written).unwrap();
            assert_eq!(written, serde_json::to_string(&entry).unwrap());
        }
    }
}
