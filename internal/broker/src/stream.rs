//! Streams as they are created and measured.

use std::time::Duration;

use crate::{Seq, StreamName, Subject};

/// Where a stream is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the broker's memory: gone with the broker.
    Memory,
    /// On the broker's disk.
    File,
}

/// A stream to be created. A full stream refuses appends; nothing is ever evicted but what the
/// limit per subject says.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    /// Its name.
    pub name: StreamName,
    /// The subjects it stores (wildcards allowed).
    pub subjects: Vec<Subject>,
    /// Where it is kept.
    pub storage: Storage,
    /// On how many servers: 1, 3 or 5.
    pub replicas: usize,
    /// Keep only this many records of each subject, dropping the oldest; `None` keeps all.
    pub max_per_subject: Option<u64>,
    /// Refuse appends beyond this many bytes; `None` sets no bound.
    pub max_bytes: Option<u64>,
    /// How long the broker remembers the id of a record that has one, at least: no less than
    /// [`SHORTEST_WINDOW`](Self::SHORTEST_WINDOW).
    pub duplicate_window: Duration,
}

impl StreamSpec {
    /// The shortest window that brokers take, for streams whose records have no ids.
    pub const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

    /// A stream on one server, without limits, whose records have no ids.
    pub fn new(name: StreamName, subject: Subject, storage: Storage) -> Self {
        Self {
            name,
            subjects: vec![subject],
            storage,
            replicas: 1,
            max_per_subject: None,
            max_bytes: None,
            duplicate_window: Self::SHORTEST_WINDOW,
        }
    }
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamState {
    /// Sequence of the oldest record that is still there; one more than `last` if it is empty.
    pub first: Seq,
    /// Sequence of the newest record ever stored.
    pub last: Seq,
    /// Records held.
    pub records: u64,
    /// Bytes held.
    pub bytes: u64,
}
