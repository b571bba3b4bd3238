//! The message ids that a stream remembers for a while.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use broker::{MessageId, Seq};
use tokio::time::Instant;

/// The ids of records that were stored lately.
#[derive(Debug)]
pub(crate) struct Ids {
    /// How long each is remembered.
    window: Duration,
    seqs: BTreeMap<MessageId, Seq>,
    /// When each was stored, the oldest first.
    stored: VecDeque<(Instant, MessageId)>,
}

impl Ids {
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, seqs: BTreeMap::new(), stored: VecDeque::new() }
    }

    /// The record that had this id, if that is remembered `now`.
    pub(crate) fn known(&mut self, id: &MessageId, now: Instant) -> Option<Seq> {
        while let Some((_, old)) = self.stored.front().filter(|(at, _)| now - *at >= self.window) {
            self.seqs.remove(old);
            self.stored.pop_front();
        }
        self.seqs.get(id).copied()
    }

    /// Remembers the id of a record that is stored `now`: one that is not [known](Self::known).
    pub(crate) fn add(&mut self, id: &MessageId, seq: Seq, now: Instant) {
        self.seqs.insert(id.clone(), seq);
        self.stored.push_back((now, id.clone()));
    }

    /// A server that starts learns the ids from the records that it holds, and from no others.
    pub(crate) fn learn(&mut self, holds: impl Fn(Seq) -> bool) {
        self.seqs.retain(|_, seq| holds(*seq));
        self.stored.retain(|(_, id)| self.seqs.contains_key(id));
    }
}
