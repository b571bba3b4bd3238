//! A run to look at, and things that happen in it.

use broker::Seq;
use coordinator::{Event, Ownership};
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, Session, Term};
use view::Run;

/// When it began: 2023-11-14 22:13:20 UTC.
pub const BEGAN: Timestamp = Timestamp(1_700_000_000_000_000);

/// A run of `partitions`.
pub fn run(partitions: usize) -> Run {
    Run {
        seed: 7,
        commit: "c0ffee".into(),
        reproduce: "simulation --seed 7".into(),
        started_at: BEGAN,
        duration_seconds: 60.0,
        weights: vec![1; partitions],
        load_bound: 1.2,
        producers: 2,
        is_virtual: false,
    }
}

pub fn id(name: &str) -> MemberId {
    MemberId::new(name).expect("a name")
}

/// A claim, so many seconds after the beginning.
pub fn claimed(name: &str, partition: u32, ledger: u64, second: i64) -> Event {
    Event::Ownership(Ownership {
        at: Timestamp(BEGAN.0 + second * 1_000_000),
        partition: PartitionId(partition),
        ledger: Seq(ledger),
        holder: Holder { term: Term(1), epoch: Epoch(1), session: Session(1), member: id(name) },
        released: false,
        unowned_seconds: 0.0,
    })
}
