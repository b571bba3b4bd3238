//! What the group's stream tells of one member: its life, its grant, and how far it has carried it out.

use std::collections::BTreeSet;

use bytes::Bytes;
use model::PartitionId;
use parti::records::{Epoch, Grant, Session};

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Left,
    Expired,
}

/// A time in which a member could not be heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// Its connection was silent, not broken.
    pub(crate) half_open: bool,
    /// The epoch changed meanwhile.
    pub(crate) crossed: bool,
    /// It is over.
    pub(crate) mended: bool,
}

/// A member, from its first life on.
#[derive(Debug, Default)]
pub(crate) struct Member {
    pub(crate) session: Session,
    pub(crate) seat: Session,
    pub(crate) end: Option<End>,
    /// Its last sign of life. The same again says nothing new.
    pub(crate) sign: Bytes,
    pub(crate) grant: Grant,
    /// The epoch that took something from it, if it has not acknowledged it.
    pub(crate) revoked: Option<Epoch>,
    /// What is granted to it and not yet claimed.
    pub(crate) unclaimed: BTreeSet<PartitionId>,
    /// It made a connection since its last life began.
    pub(crate) reconnected: bool,
    /// Its life follows another in the same seat, and has claimed nothing yet.
    pub(crate) resuming: bool,
    pub(crate) gap: Option<Gap>,
}

impl Member {
    pub(crate) fn lives(&self) -> bool {
        self.session > Session(0) && self.end.is_none()
    }

    /// Whether its newest grant gives something to the life that it leads now.
    pub(crate) fn holds_grant(&self) -> bool {
        self.grant.session >= self.seat
    }

    /// It has still to let go of something, or to take something.
    pub(crate) fn is_changing(&self) -> bool {
        self.revoked.is_some() || !self.unclaimed.is_empty()
    }

    /// It acknowledges `acked` and owns as many partitions.
    pub(crate) fn settle(&mut self, acked: Epoch, owned: u32) {
        self.revoked = self.revoked.filter(|epoch| *epoch > acked);
        // What was taken and given again before it looked is not claimed again.
        if acked >= self.grant.epoch && owned as usize == self.grant.partitions.0.len() {
            self.unclaimed.clear();
        }
    }
}
