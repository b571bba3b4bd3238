//! What readers deliver, and where they begin.

use bytes::Bytes;

use crate::{Seq, Subject};

/// A stored record.
#[derive(Clone, Debug)]
pub struct Record {
    /// The subject it was stored under.
    pub subject: Subject,
    /// Its place in the stream.
    pub seq: Seq,
    /// When the broker stored it: microseconds since the Unix epoch on the broker's clock.
    pub stored_at_us: i64,
    /// What was stored.
    pub payload: Bytes,
    /// How many further records matched the reader when this one was sent: 0 means that the reader
    /// has caught up. Always 0 from [`crate::Log::last`].
    pub pending: u64,
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first record whose sequence is at least this.
    At(Seq),
    /// With the last record of each matching subject, then everything newer.
    LastPerSubject,
}
