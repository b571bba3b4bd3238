//! One life of a member, as the group's stream shows it: signs of life, silences and its end.
//!
//! Recent signs are kept one by one and silences of a lease or longer for good measure, so that one
//! can tell afterwards whether a life was heard at the time of somebody else's claim.

use std::collections::VecDeque;
use std::time::Duration;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::Epoch;
use serde::{Deserialize, Serialize};

use crate::docket::By;

/// Signs of life that are remembered one by one.
const SIGNS_MAX: usize = 64;
/// Silences that are remembered.
const SILENCES_MAX: usize = 16;

/// How a life ended, as the group's stream shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Left,
    Expired,
    /// The member began a new life.
    Superseded,
}

/// Somebody claimed a partition over this life's unreleased claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Suspect {
    pub partition: PartitionId,
    /// The claim of this life.
    pub claim: Seq,
    /// The claim over it.
    pub by: By,
}

/// One life of a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Life {
    pub member: MemberId,
    pub joined_at: Option<Timestamp>,
    #[serde(with = "crate::deltas::signs")]
    signs: VecDeque<(Timestamp, Epoch)>,
    silences: VecDeque<(Timestamp, Timestamp)>,
    pub ended: Option<(Timestamp, Ending)>,
    pub crashed_at: Option<Timestamp>,
    /// Partitions that it holds.
    pub held: u32,
    /// Claims over its own that are not explained yet.
    pub suspects: Vec<Suspect>,
    /// The highest epoch that it claimed under, and when it first did.
    pub claimed: Option<(Epoch, Timestamp)>,
}

impl Life {
    pub fn new(member: MemberId) -> Self {
        Self {
            member,
            joined_at: None,
            signs: VecDeque::new(),
            silences: VecDeque::new(),
            ended: None,
            crashed_at: None,
            held: 0,
            suspects: Vec::new(),
            claimed: None,
        }
    }

    /// A sign of life.
    pub fn sign(&mut self, at: Timestamp, acked: Epoch, lease: Duration) {
        if let Some((last, _)) = self.signs.back()
            && at.since(*last) >= lease
        {
            if self.silences.len() == SILENCES_MAX {
                self.silences.pop_front();
            }
            self.silences.push_back((*last, at));
        }
        if self.signs.len() == SIGNS_MAX {
            self.signs.pop_front();
        }
        self.signs.push_back((at, acked));
    }

    /// The newest epoch that it acknowledged.
    pub fn acked(&self) -> Epoch {
        self.signs.back().map(|(_, acked)| *acked).unwrap_or_default()
    }

    /// When it was last heard up to `at`.
    pub fn heard_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.signs.iter().rev().map(|(heard, _)| *heard).find(|heard| *heard <= at)
    }

    /// When it was first heard after `at`.
    pub fn heard_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.signs.iter().map(|(heard, _)| *heard).find(|heard| *heard > at)
    }

    /// Whether it was silent for a lease or longer, from before `at` until after.
    pub fn silent_around(&self, at: Timestamp) -> bool {
        self.silences.iter().any(|(from, to)| (*from..=*to).contains(&at))
    }

    /// The epoch that it had acknowledged at `at`, and since when.
    pub fn acked_by(&self, at: Timestamp) -> Option<(Epoch, Timestamp)> {
        let (_, acked) = self.signs.iter().rev().find(|(heard, _)| *heard <= at)?;
        let (since, _) = self.signs.iter().find(|(_, epoch)| epoch == acked)?;
        Some((*acked, *since))
    }

    /// Entries of its collections.
    pub fn entries(&self) -> usize {
        1 + self.signs.len() + self.silences.len() + self.suspects.len()
    }

    /// Whether it lives, as far as anybody knows.
    pub fn is_live(&self) -> bool {
        self.ended.is_none() && self.crashed_at.is_none()
    }

    /// How it had ended by `at`.
    pub fn ended_by(&self, at: Timestamp) -> Option<Ending> {
        self.ended.filter(|(ended, _)| *ended <= at).map(|(_, ending)| ending)
    }

    /// Whether it had crashed by `at`.
    pub fn crashed_by(&self, at: Timestamp) -> Option<Timestamp> {
        self.crashed_at.filter(|crashed| *crashed <= at)
    }
}
