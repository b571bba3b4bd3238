//! Times without an owner, and whether they were too long (I6).
//!
//! A partition must be owned but for a bounded time after a fault. Every fault that could keep the
//! next owner from claiming starts the bound anew: an outage of the broker, a fault of a member to
//! whom the partition was granted meanwhile, a fault or a change of the leader.

use std::time::Duration;

use model::{PartitionId, Timestamp};
use parti::MemberId;

use crate::aftermath::targets;
use crate::docket::{Charge, Docket, note};
use crate::group::Group;
use crate::ownership::Seat;
use crate::{Class, Culprit, FaultKind, Rule};

/// A partition was without an owner.
#[derive(Clone, Debug)]
pub(crate) struct Vacancy {
    pub partition: PartitionId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Whoever held it before.
    pub culprit: Culprit,
    /// Why it had no owner, in words.
    pub why: &'static str,
    pub bound: Duration,
    /// It has none to this day.
    pub is_open: bool,
}

impl Vacancy {
    /// Writes it down if it was too long.
    pub fn judge(self, seat: &Seat, group: &Group, docket: &mut Docket) {
        if self.to.since(self.from) <= self.bound {
            return;
        }
        let (start, longest) = self.longest(&disruptions(&self, seat, group, docket));
        if longest <= self.bound {
            return;
        }
        let seconds = self.to.since(self.from).as_secs_f64();
        let end = if self.is_open { "and still has none" } else { "until the next claim" };
        let (bound, longest) = (self.bound.as_secs_f64(), longest.as_secs_f64());
        let detail = format!(
            "partition {} had no owner for {seconds:.3} s {end}, {longest:.3} s of it without a \
             fault that explains it; the bound is {bound:.3} s",
            self.partition
        );
        let mut evidence = vec![note(self.why, Some(self.from))];
        if start != self.from {
            evidence.push(note("the last fault that explains it", Some(start)));
        }
        evidence.push(note(if self.is_open { "the end" } else { "the next claim" }, Some(self.to)));
        let charge = Charge {
            class: Class::Unowned,
            rule: Rule::I6,
            count: 1,
            partition: Some(self.partition),
            sequences: vec![],
            at: self.to,
            culprit: self.culprit,
            detail,
            evidence,
        };
        docket.charge_since(self.from, charge);
    }

    /// The longest stretch without a disruption: when it began, and how long it was.
    fn longest(&self, disruptions: &[(Timestamp, Timestamp)]) -> (Timestamp, Duration) {
        let mut from = self.from;
        let mut longest = (from, Duration::ZERO);
        for (begin, end) in disruptions {
            let stretch = begin.since(from);
            if stretch > longest.1 {
                longest = (from, stretch);
            }
            from = from.max(*end);
        }
        let stretch = self.to.since(from);
        if stretch > longest.1 { (from, stretch) } else { longest }
    }
}

/// What kept the partition from being claimed meanwhile, in order.
fn disruptions(
    of: &Vacancy,
    seat: &Seat,
    group: &Group,
    docket: &Docket,
) -> Vec<(Timestamp, Timestamp)> {
    let leads = |member: &str, at: Timestamp| {
        let leader = group.elections.iter().rev().find(|(elected, _)| *elected <= at);
        leader.is_some_and(|(_, leader)| leader.as_str() == member)
    };
    let granted = |member: &str, at: Timestamp| {
        let to = |id: &MemberId| id.as_str() == member;
        seat.grantees.iter().any(|(granted, id)| *granted <= at && to(id))
    };
    let faults = docket.faults.iter().filter(|fault| fault.overlaps(of.from, of.to));
    let mut all: Vec<_> = faults
        .filter(|fault| match fault.kind {
            FaultKind::Broker => true,
            FaultKind::Other => false,
            _ => targets(fault).any(|of| leads(of, fault.at) || granted(of, fault.at)),
        })
        .map(|fault| (fault.at, fault.over_at().unwrap_or(of.to)))
        .collect();
    let meanwhile = |at: &Timestamp| *at >= of.from && *at <= of.to;
    all.extend(group.elections.iter().map(|(at, _)| (*at, *at)).filter(|(at, _)| meanwhile(at)));
    all.sort();
    all
}
