//! What a group tells its program while it runs.

use broker::Seq;
use model::PartitionId;

use crate::MemberId;
use crate::records::{Epoch, Holder, Session, Term};

/// Something that happened to this member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A life of this member began.
    Joined {
        /// The life.
        session: Session,
    },
    /// This member owns a partition: it has claimed it and begins to read.
    Granted {
        /// The partition.
        partition: PartitionId,
        /// The version of the assignment that gave it.
        epoch: Epoch,
    },
    /// This member let go of a partition: what was in flight is recorded or dropped.
    Revoked {
        /// The partition.
        partition: PartitionId,
    },
    /// Somebody else claimed a partition of this member, which had been taken for dead.
    Fenced {
        /// The partition.
        partition: PartitionId,
        /// Messages that were processed here and whose effect was refused: the new owner
        /// processes them again.
        messages: u64,
        /// The claim under which they were processed (its sequence in the ledger).
        claim: Seq,
        /// The new owner.
        by: Holder,
    },
    /// A handler failed; the same message is handed to it again after a pause.
    HandlerFailed {
        /// The partition.
        partition: PartitionId,
        /// How often the handler has been called for this message.
        attempt: u32,
        /// What it said.
        error: String,
    },
    /// Another member leads, or this one, or (None) nobody.
    LeaderChanged {
        /// The leader.
        leader: Option<MemberId>,
        /// Its term.
        term: Term,
    },
    /// The leader took this member for dead. It begins a new life at once.
    Expired {
        /// The life that ended.
        session: Session,
    },
}
