//! What chaos did, as far as the judge must know it to tell an explained silence from a bug.

use std::time::Duration;

use model::Timestamp;
use parti::MemberId;
use serde::{Deserialize, Serialize};

/// A fault that was injected. Handing one in again under the same `id` replaces it (to say how it
/// ended).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Tells faults apart: 1, 2, 3, …
    pub id: u64,
    /// When it began.
    pub at: Timestamp,
    /// Its name, such as `worker_crash`.
    pub event: String,
    /// What it does to its target.
    pub kind: FaultKind,
    /// Whom it hit: a member's name, or another part of the system.
    pub target: String,
    /// How long it was to last, if it lasts; seconds on the wire.
    #[serde(with = "crate::seconds::optional", default)]
    pub duration: Option<Duration>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// What it did, in words.
    pub effect: String,
}

/// What a fault does to its target, as far as ownership is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The target's life is over at once, without a word.
    Crash,
    /// The target is asked to stop, and lets go of what it owns.
    Stop,
    /// The target stops in good order and comes back under its name, within its lease.
    Restart,
    /// The target lives, but cannot be heard: paused, stalled or cut off.
    Silence,
    /// The broker is down, stalled or out of reach for everybody.
    Broker,
    /// Nothing that ownership depends on: members that come, producers that go.
    Other,
}

impl Fault {
    /// Whether the fault was open at some time of `from..=to`.
    pub fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.at <= to && self.over_at().is_none_or(|end| end >= from)
    }

    /// When it was over, as far as it is known: crashes and stops are over at once.
    pub fn over_at(&self) -> Option<Timestamp> {
        let planned = self.duration.map(|duration| self.at + duration);
        let lasting = matches!(self.kind, FaultKind::Silence | FaultKind::Broker);
        self.ended_at.or(planned).or(if lasting { None } else { Some(self.at) })
    }

    /// Its number, name and target.
    pub fn words(&self) -> String {
        format!("#{} {} on {}", self.id, self.event, self.target)
    }

    /// Whether it keeps `member` from being heard, if it keeps anybody.
    pub fn hits(&self, member: &MemberId) -> bool {
        self.kind == FaultKind::Broker || self.target == member.as_str()
    }
}
