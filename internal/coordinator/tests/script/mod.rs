//! Histories as scripts: one record a line, `seconds word arguments`, so that a test reads like the
//! log of a run. Every history is judged several times, with the streams read at different speeds:
//! the judgement must not depend on that.
//!
//! ```text
//! 0.1 join a              a member joins            0.5 store 0 1-3     messages of partition 0
//! 0.2 lead a              it is elected             0.6 ack 0 1-3       their producer heard so
//! 0.3 grant a 1 0-1       epoch 1 gives it 0 and 1  0.7 effect a 0 1-3  they are done
//! 0.4 claim a 0 1         it claims 0 under epoch 1 0.8 release a 0     it lets go
//! ```
//!
//! Where nothing is fenced, `own a 0`, `done a 0 1-3` and `drop a 0` take the place of claim, effect and
//! release (`number=4` numbers the record, `position=7` says where the consumer is), and
//! `promise again 8` promises every message at least once, with a reach of 8 s.

#![allow(dead_code, reason = "every test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a script that does not parse is a broken test")]

mod actions;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use coordinator::{
    Class, End, Fault, Judge, JudgeSettings, Output, ProducerReport, Promise, Report, Required,
    RunInfo, ToldRecord, WorkerReport,
};
use model::{Message, MessageError, PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{
    ForeignRecord, Grant, LeaderBeat, LeaderRecord, LedgerRecord, MemberRecord, Plan,
};

pub const PARTITIONS: u32 = 4;
pub const LEASE: Duration = Duration::from_secs(3);

/// What the judge is told, and by which of the streams.
pub enum Told {
    Message(PartitionId, Seq, Result<Message, MessageError>),
    Ledger(PartitionId, Seq, Result<LedgerRecord<Output>, ForeignRecord>),
    Tale(PartitionId, Seq, ToldRecord),
    Member(MemberId, Seq, MemberRecord),
    Leader(Seq, LeaderRecord),
    Beat(Seq, LeaderBeat),
    Grant(MemberId, Seq, Grant),
    Plan(Seq, Plan),
    Producer(ProducerReport),
    Worker(WorkerReport),
    Fault(Fault),
    Draining,
}

impl Told {
    /// Messages, ledger, group; what does not come by a stream comes first.
    fn stream(&self) -> usize {
        match self {
            Self::Message(..) => 1,
            Self::Ledger(..) | Self::Tale(..) => 2,
            Self::Member(..) | Self::Leader(..) | Self::Beat(..) => 3,
            Self::Grant(..) | Self::Plan(..) => 3,
            _ => 0,
        }
    }
}

/// A history, ready to be judged.
pub struct History {
    pub told: Vec<(Timestamp, Told)>,
    pub end: End,
    pub required: Vec<Required>,
    pub promise: Promise,
    /// The least time that a handler takes.
    pub handler: Duration,
}

/// The orders in which the streams may be read, one after the other.
const ORDERS: [[usize; 4]; 6] =
    [[0, 1, 2, 3], [0, 1, 3, 2], [0, 2, 1, 3], [0, 2, 3, 1], [0, 3, 1, 2], [0, 3, 2, 1]];

impl History {
    /// Reads a script.
    pub fn parse(script: &str) -> History {
        actions::parse(script)
    }

    /// Judges it as it happened.
    pub fn judge(&self) -> Report {
        let all: Vec<_> = self.told.iter().collect();
        self.run(&all)
    }

    /// Judges a short history, put away after every record: nothing must change.
    pub fn judge_in_pieces(&self) {
        let cut = self.judge_with_cuts(|_| true);
        assert_eq!(cut, self.judge(), "put away after every record");
    }

    /// Judges it as it happened and in every order of streams; all must agree.
    pub fn judge_in_every_order(&self) -> Report {
        let report = self.judge();
        for order in ORDERS {
            let mut all: Vec<_> = self.told.iter().collect();
            all.sort_by_key(|(_, told)| order.iter().position(|stream| *stream == told.stream()));
            let other = self.run(&all);
            assert_eq!(found(&other), found(&report), "streams read in the order {order:?}");
            assert_eq!(other.verdict, report.verdict, "streams read in the order {order:?}");
            assert_eq!(other.faults, report.faults, "streams read in the order {order:?}");
            assert_eq!(other.redelivered, report.redelivered, "read in the order {order:?}");
            assert_eq!(other.recoveries, report.recoveries, "streams read in the order {order:?}");
        }
        report
    }

    /// Judges it as it happened, with a judge that is put away and taken out again after so many
    /// records as `cuts` say.
    pub fn judge_with_cuts(&self, cuts: impl Fn(usize) -> bool) -> Report {
        let mut judge = Judge::new(self.settings());
        for (index, (at, told)) in self.told.iter().enumerate() {
            if cuts(index) {
                judge = put_away(&judge);
            }
            tell(&mut judge, *at, told);
        }
        put_away(&judge).finish(self.end.clone(), &RunInfo::default())
    }

    fn settings(&self) -> JudgeSettings {
        let (promise, processing_min) = (self.promise, self.handler);
        JudgeSettings { promise, processing_min, ..settings(self.required.clone()) }
    }

    fn run(&self, all: &[&(Timestamp, Told)]) -> Report {
        let mut judge = Judge::new(self.settings());
        for (at, told) in all {
            tell(&mut judge, *at, told);
        }
        judge.finish(self.end.clone(), &RunInfo::default())
    }
}

/// From state to bytes to state. What is lost on the way must not show.
pub fn put_away(judge: &Judge) -> Judge {
    let bytes = serde_json::to_vec(judge).unwrap();
    let again: Judge = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(serde_json::to_vec(&again).unwrap(), bytes, "nothing is rounded");
    assert!(format!("{again:?}") == format!("{judge:?}"), "nothing is forgotten");
    again
}

/// The bounds of every test.
pub fn settings(required: Vec<Required>) -> JudgeSettings {
    JudgeSettings {
        promise: Promise::ExactlyOnce,
        sticky: true,
        partitions: PARTITIONS,
        weights: None,
        lease: LEASE,
        unowned_bound: Duration::from_secs(5),
        startup_bound: Duration::from_secs(60),
        processing_min: Duration::ZERO,
        stall: Duration::from_secs(10),
        required,
        started_at: Timestamp(0),
    }
}

/// What was found, by class.
pub fn found(report: &Report) -> BTreeMap<Class, u64> {
    report.anomalies.found().collect()
}

pub fn tell(judge: &mut Judge, at: Timestamp, told: &Told) {
    match told {
        Told::Message(p, pos, Ok(message)) => judge.stored(*p, *pos, at, Ok(message.clone())),
        Told::Message(p, pos, Err(error)) => judge.stored(*p, *pos, at, Err(again(error))),
        Told::Ledger(p, seq, Ok(record)) => judge.ledger(*p, *seq, at, Ok(record.clone())),
        Told::Ledger(p, seq, Err(_)) => {
            let subject = broker::Subject::new("own.0").unwrap();
            let error = ForeignRecord { subject, seq: *seq, detail: "foreign".into() };
            judge.ledger(*p, *seq, at, Err(error));
        }
        Told::Tale(p, seq, record) => judge.told(*p, *seq, at, Ok(record.clone())),
        Told::Member(member, seq, record) => {
            judge.member(member.clone(), *seq, at, record.clone());
        }
        Told::Leader(seq, record) => judge.leader(*seq, at, record.clone()),
        Told::Beat(seq, beat) => judge.leader_beat(*seq, at, beat.clone()),
        Told::Grant(member, seq, grant) => judge.grant(member.clone(), *seq, at, grant.clone()),
        Told::Plan(seq, plan) => judge.plan(*seq, at, plan.clone()),
        Told::Producer(report) => judge.producer_report(report.clone()),
        Told::Worker(report) => judge.worker_report(report.clone()),
        Told::Fault(fault) => judge.fault(fault.clone()),
        Told::Draining => judge.draining(at),
    }
}

fn again(error: &MessageError) -> MessageError {
    match error {
        MessageError::Foreign(detail) => MessageError::Foreign(detail.clone()),
        MessageError::Corrupt { expected, found } => {
            MessageError::Corrupt { expected: *expected, found: *found }
        }
    }
}
