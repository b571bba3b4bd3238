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

use coordinator::{
    Class, End, Entry, Foreign, Judge, JudgeSettings, Promise, Report, Required, RunInfo,
};
use model::Timestamp;

pub const PARTITIONS: u32 = 4;
pub const LEASE: Duration = Duration::from_secs(3);

/// By which stream it comes: messages, ledger, group; what does not come by a stream comes first.
fn stream(told: &Entry) -> usize {
    match told {
        Entry::Stored(_) | Entry::Corrupt(_) | Entry::Foreign(Foreign { pos: Some(_), .. }) => 1,
        Entry::Ledger(_) | Entry::Told(_) | Entry::Foreign(_) => 2,
        Entry::Member(_) | Entry::Leader(_) | Entry::Beat(_) | Entry::Grant(_) | Entry::Plan(_) => {
            3
        }
        _ => 0,
    }
}

/// A history, ready to be judged.
pub struct History {
    /// When it was said, and what.
    pub told: Vec<(Timestamp, Entry)>,
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
            all.sort_by_key(|(_, told)| order.iter().position(|of| *of == stream(told)));
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
        for (index, (_, told)) in self.told.iter().enumerate() {
            if cuts(index) {
                judge = put_away(&judge);
            }
            judge.take(told.clone());
        }
        put_away(&judge).finish(self.end.clone(), &RunInfo::default())
    }

    fn settings(&self) -> JudgeSettings {
        let (promise, processing_min) = (self.promise, self.handler);
        JudgeSettings { promise, processing_min, ..settings(self.required.clone()) }
    }

    fn run(&self, all: &[&(Timestamp, Entry)]) -> Report {
        let mut judge = Judge::new(self.settings());
        for (_, told) in all {
            judge.take(told.clone());
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
