//! What the judge has to tell as it happens: for `events.jsonl` and for the live page.

use std::collections::VecDeque;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, Session, Term};
use serde::{Deserialize, Serialize};

use crate::{Fault, Finding, Rebalance};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Something went wrong.
    Finding(Finding),
    /// A partition changed hands.
    Ownership(Ownership),
    /// A plan was made.
    Planned(Rebalance),
    /// A plan was carried out.
    Settled(Rebalance),
    /// A fault began, or its end became known.
    Fault(Fault),
    /// A leader took office.
    Elected {
        /// When.
        at: Timestamp,
        /// The leader.
        member: MemberId,
        /// Its term.
        term: Term,
    },
    /// The leader stepped down.
    Vacant {
        /// When.
        at: Timestamp,
        /// The term that ended.
        term: Term,
    },
    /// A member came.
    Joined {
        /// When.
        at: Timestamp,
        /// The member.
        member: MemberId,
        /// Its life.
        session: Session,
        /// The epoch that it acts on.
        acked: Epoch,
    },
    /// A member left of its own accord.
    Left {
        /// When.
        at: Timestamp,
        /// The member.
        member: MemberId,
        /// Its life.
        session: Session,
    },
    /// A leader declared a silent member dead.
    Expired {
        /// When.
        at: Timestamp,
        /// The member.
        member: MemberId,
        /// Its life.
        session: Session,
    },
    /// The run goes on from a checkpoint: what was told after the first `events` events, up to here,
    /// is told again.
    Resumed {
        /// When.
        at: Timestamp,
        /// When the checkpoint was taken.
        checkpoint: Timestamp,
        /// Events that had been told by then.
        events: u64,
    },
    /// So many events were not taken in time and are gone.
    Dropped {
        /// How many.
        count: u64,
    },
}

/// How a partition changed hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ownership {
    /// When.
    pub at: Timestamp,
    /// The partition.
    pub partition: PartitionId,
    /// The ledger record.
    pub ledger: Seq,
    /// Whose claim or release it is.
    pub holder: Holder,
    /// It is a release, not a claim.
    pub released: bool,
    /// Seconds without an owner that a claim ended.
    pub unowned_seconds: f64,
}

/// Events that wait to be taken; beyond it the oldest are dropped.
const WAITING_MAX: usize = 20_000;

/// Events that wait to be taken.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Events {
    waiting: VecDeque<Event>,
    dropped: u64,
    /// Events that were taken so far.
    told: u64,
}

impl Events {
    pub fn push(&mut self, event: Event) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(event);
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn drain(&mut self) -> Vec<Event> {
        let dropped = std::mem::take(&mut self.dropped);
        let gap = (dropped > 0).then_some(Event::Dropped { count: dropped });
        let taken: Vec<_> = gap.into_iter().chain(self.waiting.drain(..)).collect();
        self.told += taken.len() as u64;
        taken
    }

    /// Goes on from `checkpoint`: the first event says so.
    pub fn resume(&mut self, at: Timestamp, checkpoint: Timestamp) {
        self.waiting.push_front(Event::Resumed { at, checkpoint, events: self.told });
    }
}
