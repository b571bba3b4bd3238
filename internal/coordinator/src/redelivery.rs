//! Messages that were done again, or late, by members that nothing fences: each has to be explained.
//!
//! The broker delivers a message again because its acknowledgement did not arrive: whoever did it
//! before was killed, paused or cut off about then, or the broker was. Or it was done before by
//! somebody else, and whoever does it now held on to an old delivery: it was paused or cut off
//! shortly before. A first effect comes late because whoever had the partition shortly before took
//! the message along, or because the one who does it now did not hear of it. Nothing else explains it.

use std::collections::BTreeMap;

use model::{PartitionId, Timestamp};
use parti::MemberId;
use serde::{Deserialize, Serialize};

use crate::aftermath::targets;
use crate::docket::{Charge, Docket};
use crate::{Class, Evidence, Fault, FaultKind, Range};

/// Explanations that are shown of each kind of fault.
const EXAMPLES_MAX: usize = 3;
/// Kinds of faults that are told apart; what comes beyond it counts as [`REST`].
const EVENTS_MAX: usize = 64;
const REST: &str = "other events";

/// Messages that were done again or late because of faults of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Redelivered {
    /// The name of the faults.
    pub event: String,
    /// Second effects that they explain.
    pub again: u64,
    /// First effects below an earlier one that they explain.
    pub late: u64,
    /// The first ones, with what shows it.
    pub examples: Vec<Explained>,
}

/// A redelivery with its explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The partition.
    pub partition: PartitionId,
    /// The message.
    pub sequence: u64,
    /// It is a first effect that came late, not a second one.
    pub late: bool,
    /// When it was done again, or late.
    pub at: Timestamp,
    /// The fault that explains it, in words.
    pub fault: String,
    /// The records that show it.
    pub evidence: Vec<Evidence>,
}

/// A fault of this member at some time of `from..=to` explains it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Excuse {
    pub member: MemberId,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Excuse {
    fn fits(&self, fault: &Fault) -> bool {
        let hits = match fault.kind {
            FaultKind::Broker => true,
            FaultKind::Crash | FaultKind::Silence => {
                targets(fault).any(|target| target == self.member.as_str())
            }
            FaultKind::Stop | FaultKind::Restart | FaultKind::Other => false,
        };
        hits && fault.overlaps(self.from, self.to)
    }
}

/// A message that was done again or late, until every fault that may explain it is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Doubt {
    pub partition: PartitionId,
    pub sequence: u64,
    pub excuses: Vec<Excuse>,
    /// What it is if nothing explains it.
    pub charge: Charge,
}

/// What was done again or late, and explained.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Redeliveries {
    of: BTreeMap<String, Redelivered>,
}

impl Redeliveries {
    /// Decides one: it is explained, or a finding.
    pub fn decide(&mut self, doubt: Doubt, docket: &mut Docket) {
        let fits = |fault: &&Fault| doubt.excuses.iter().any(|excuse| excuse.fits(fault));
        let Some(fault) = docket.faults.iter().rev().find(fits) else {
            return docket.charge(doubt.charge);
        };
        let (event, fault) = (fault.event.clone(), fault.words());
        let fits = self.of.len() < EVENTS_MAX || self.of.contains_key(&event);
        let event = if fits { event } else { REST.to_owned() };
        let entry = self.of.entry(event.clone()).or_default();
        entry.event = event;
        let late = doubt.charge.class == Class::OutOfOrder;
        *(if late { &mut entry.late } else { &mut entry.again }) += doubt.charge.count;
        if entry.examples.len() < EXAMPLES_MAX {
            entry.examples.push(Explained {
                partition: doubt.partition,
                sequence: doubt.sequence,
                late,
                at: doubt.charge.at,
                fault,
                evidence: doubt.charge.evidence,
            });
        }
    }

    /// Second effects and late first effects that are explained.
    pub fn sums(&self) -> (u64, u64) {
        self.of.values().fold((0, 0), |(again, late), of| (again + of.again, late + of.late))
    }

    /// By the name of the faults that explain them.
    pub fn all(&self) -> impl Iterator<Item = &Redelivered> {
        self.of.values()
    }

    pub fn entries(&self) -> usize {
        self.of.values().map(|of| 1 + of.examples.len()).sum()
    }
}

impl Doubt {
    /// The message in doubt.
    pub fn new(partition: PartitionId, sequence: u64, mut charge: Charge) -> Self {
        charge.sequences = vec![Range(sequence, sequence)];
        Self { partition, sequence, excuses: Vec::new(), charge }
    }

    /// A fault of `member` at some time of `from..=to` explains it.
    pub fn excused_by(mut self, member: &MemberId, from: Timestamp, to: Timestamp) -> Self {
        let to = to.min(self.charge.at);
        self.excuses.push(Excuse { member: member.clone(), from, to });
        self
    }
}
