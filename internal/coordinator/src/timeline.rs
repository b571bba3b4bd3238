//! What happened, in order of time. Streams and reports are read at different speeds, and what
//! follows a fault may be read before the fault itself: nothing is taken from here until everything
//! up to some seconds later was read, so that the outcome does not depend on who was faster.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{PartitionId, Timestamp};
use parti::records::{Epoch, Session};
use parti::{MemberId, PartitionSet};
use serde::{Deserialize, Serialize};

use crate::docket::before;
use crate::redelivery::Doubt;

/// How late a report may come.
const HOLD: Duration = Duration::from_secs(10);
/// Happenings that wait; beyond it the oldest are taken early.
const WAITING_MAX: usize = 100_000;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Happening {
    /// A fault began.
    Fault(u64),
    Joined {
        member: MemberId,
        session: Session,
    },
    /// A member left, or was declared dead.
    Gone {
        member: MemberId,
        session: Session,
        left: bool,
    },
    Granted {
        member: MemberId,
        partitions: PartitionSet,
    },
    /// A plan was made that names these members.
    Planned {
        epoch: Epoch,
        named: Vec<MemberId>,
    },
    /// No more claims are counted on a plan.
    Closed {
        epoch: Epoch,
        moved: u64,
        needed: u64,
    },
    /// A time without an owner is over; who held it before, and who holds it now.
    Vacant {
        from: Timestamp,
        named: Vec<MemberId>,
    },
    Claimed {
        partition: PartitionId,
        member: MemberId,
        session: Session,
        /// Another member's claim that it took over, unreleased and not taken back.
        over: Option<(MemberId, Session)>,
    },
    Released {
        partition: PartitionId,
        session: Session,
    },
    /// Effects of a member were refused.
    Fenced {
        member: MemberId,
        messages: u64,
    },
    /// A message was done again, or late.
    Doubted(Box<Doubt>),
    /// Who has no work left needs no owner any more.
    Draining,
}

impl Happening {
    /// What comes first of what happens at the same time.
    fn rank(&self) -> u8 {
        match self {
            Self::Fault(_) => 0,
            Self::Joined { .. } | Self::Gone { .. } => 1,
            Self::Granted { .. } | Self::Planned { .. } => 1,
            Self::Vacant { .. } => 2,
            Self::Claimed { .. } | Self::Released { .. } => 3,
            Self::Fenced { .. } | Self::Doubted(_) => 4,
            Self::Draining => 5,
            Self::Closed { .. } => 6,
        }
    }
}

/// Time, rank, sequence in its stream, and a number that tells apart what agrees in all of these.
type Key = (Timestamp, u8, u64, u64);

/// Happenings that wait for what may have happened before them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Timeline {
    #[serde(with = "pairs")]
    waiting: BTreeMap<Key, Happening>,
    pushed: u64,
    ledger_at: Timestamp,
    group_at: Timestamp,
}

impl Timeline {
    /// Something happened; `seq` orders what comes by one stream.
    pub fn push(&mut self, at: Timestamp, seq: u64, happening: Happening) {
        self.pushed += 1;
        self.waiting.insert((at, happening.rank(), seq, self.pushed), happening);
    }

    /// The ledger was read up to `at`.
    pub fn ledger_read(&mut self, at: Timestamp) {
        self.ledger_at = self.ledger_at.max(at);
    }

    /// The group's stream was read up to `at`.
    pub fn group_read(&mut self, at: Timestamp) {
        self.group_at = self.group_at.max(at);
    }

    /// The next happening that waits no more; with `all` none does.
    pub fn next(&mut self, all: bool) -> Option<(Timestamp, Happening)> {
        let first = self.waiting.first_entry()?;
        let at = first.key().0;
        // A ledger that nobody writes to holds up little.
        let read = before(self.ledger_at.min(self.group_at), HOLD);
        if at > read && !all && self.waiting.len() <= WAITING_MAX {
            return None;
        }
        self.waiting.pop_first().map(|(_, happening)| (at, happening))
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// Keys that are no texts, for formats whose keys are.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Happening, Key};

    pub fn serialize<S: Serializer>(
        map: &BTreeMap<Key, Happening>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Key, Happening>, D::Error> {
        Vec::<(Key, Happening)>::deserialize(from).map(BTreeMap::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_before_what_may_come_before_it() {
        let second = |seconds: i64| Timestamp(seconds * 1_000_000);
        let mut timeline = Timeline::default();
        timeline.push(second(5), 1, Happening::Draining);
        timeline.group_read(second(60));
        assert!(timeline.next(false).is_none(), "the ledger was not read");
        timeline.ledger_read(second(14));
        assert!(timeline.next(false).is_none(), "a report may be late");
        timeline.push(second(4), 7, Happening::Fault(7));
        timeline.push(second(4), 7, Happening::Fault(8));
        let text = serde_json::to_string(&timeline).unwrap();
        let mut timeline: Timeline = serde_json::from_str(&text).unwrap();
        timeline.ledger_read(second(15));
        let taken: Vec<_> = std::iter::from_fn(|| timeline.next(false)).collect();
        let at: Vec<_> = taken.iter().map(|(at, _)| at.0 / 1_000_000).collect();
        assert_eq!(at, [4, 4, 5], "in order of time, and none is lost");
        assert!(matches!(taken[1].1, Happening::Fault(8)));
        (0..=WAITING_MAX).for_each(|n| timeline.push(second(90), n as u64, Happening::Draining));
        assert!(timeline.next(false).is_some(), "too many wait");
        assert!(timeline.next(false).is_none());
        assert!(timeline.next(true).is_some());
    }
}
