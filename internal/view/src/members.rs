//! Who there is, and how each is: its lives as the group tells them, and what chaos does to it.

use std::collections::BTreeMap;

use model::Timestamp;
use parti::MemberId;
use parti::records::Session;
use reports::Fault;
use serde::Serialize;

use crate::beaten::{Beaten, Blow};

/// Members that are remembered; beyond it those that are gone are forgotten, the oldest first.
const MEMBERS_MAX: usize = 4_096;

/// How a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// It gives signs of life.
    Live,
    /// It gives them, late.
    Slow,
    /// It stands still, and does not know.
    Paused,
    /// It lives, and nothing of it is heard.
    Cut,
    /// It was killed.
    Crashed,
    /// Its leader declared it dead.
    Expired,
    /// It left of its own accord.
    Left,
}

/// How a producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProducerState {
    /// It sends.
    Live,
    /// It sends slowly.
    Slow,
    /// It stands still.
    Paused,
    /// Nothing of it is heard.
    Cut,
    /// It was killed.
    Crashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Live,
    Crashed,
    Expired,
    Left,
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub id: MemberId,
    pub session: Session,
    joined_at: Timestamp,
    life: Life,
    beaten: Beaten,
    pub owned: u32,
    pub load: u64,
    pub since: Timestamp,
    pub version: u64,
}

/// Everybody who ever joined, by a number that is never used twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    by_number: BTreeMap<u32, Known>,
    numbers: BTreeMap<MemberId, u32>,
    next: u32,
}

impl Known {
    pub fn state(&self) -> MemberState {
        match (self.life, self.beaten.worst()) {
            (Life::Crashed, _) => MemberState::Crashed,
            (Life::Left, _) => MemberState::Left,
            (_, Some(Blow::Paused)) => MemberState::Paused,
            (_, Some(Blow::Cut | Blow::Killed)) => MemberState::Cut,
            (Life::Expired, _) => MemberState::Expired,
            (Life::Live, Some(Blow::Slow)) => MemberState::Slow,
            (Life::Live, None) => MemberState::Live,
        }
    }

    /// A leader declared it dead, though it may only be silent.
    pub fn declared_dead(&self) -> bool {
        self.life == Life::Expired
    }

    /// Whether it shares the partitions.
    pub fn takes_part(&self) -> bool {
        self.life == Life::Live
    }
}

impl Members {
    /// The number of a member; it is there from now on.
    pub fn number(&mut self, id: &MemberId, at: Timestamp, version: u64) -> u32 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        self.forget();
        let number = self.next;
        self.next += 1;
        self.numbers.insert(id.clone(), number);
        let known = Known {
            id: id.clone(),
            session: Session(0),
            joined_at: at,
            life: Life::Live,
            beaten: Beaten::default(),
            owned: 0,
            load: 0,
            since: at,
            version,
        };
        self.by_number.insert(number, known);
        number
    }

    /// Makes room for one more.
    fn forget(&mut self) {
        if self.by_number.len() < MEMBERS_MAX {
            return;
        }
        let gone = self.by_number.iter().find(|(_, known)| !known.takes_part() && known.owned == 0);
        let Some(number) = gone.or(self.by_number.first_key_value()).map(|(number, _)| *number)
        else {
            return;
        };
        if let Some(known) = self.by_number.remove(&number) {
            self.numbers.remove(&known.id);
        }
    }

    pub fn joined(&mut self, id: &MemberId, session: Session, at: Timestamp, version: u64) {
        let number = self.number(id, at, version);
        let Some(known) = self.by_number.get_mut(&number) else { return };
        if session < known.session {
            return;
        }
        // A new life: what was done to the one before, was done to that.
        if known.life == Life::Crashed {
            known.beaten.heal();
        }
        (known.session, known.joined_at, known.life) = (session, at, Life::Live);
        (known.since, known.version) = (at, version);
    }

    pub fn left(&mut self, id: &MemberId, session: Session, at: Timestamp, version: u64) {
        self.gone(id, session, Life::Left, at, version);
    }

    pub fn expired(&mut self, id: &MemberId, session: Session, at: Timestamp, version: u64) {
        self.gone(id, session, Life::Expired, at, version);
    }

    fn gone(&mut self, id: &MemberId, session: Session, to: Life, at: Timestamp, version: u64) {
        let number = self.number(id, at, version);
        let Some(known) = self.by_number.get_mut(&number) else { return };
        // Whoever was killed stays killed: that it was declared dead later says less.
        let ends = session >= known.session && known.life == Life::Live;
        if ends {
            (known.session, known.life, known.since, known.version) = (session, to, at, version);
        }
    }

    /// A fault of which this member is the target.
    pub fn hit(&mut self, fault: &Fault, version: u64) {
        let Some(number) = self.find(&fault.target) else { return };
        let Some(known) = self.by_number.get_mut(&number) else { return };
        let killed = fault.kind == reports::FaultKind::Crash && fault.at >= known.joined_at;
        if killed && known.life != Life::Crashed {
            (known.life, known.since, known.version) = (Life::Crashed, fault.at, version);
        }
        if known.beaten.hit(fault) {
            (known.since, known.version) = (fault.ended_at.unwrap_or(fault.at), version);
        }
    }

    /// It owns one partition more, or less, of `weight`.
    pub fn owns(&mut self, number: u32, weight: u64, more: bool, version: u64) {
        let Some(known) = self.by_number.get_mut(&number) else { return };
        if more {
            (known.owned, known.load) = (known.owned + 1, known.load + weight);
        } else {
            known.owned = known.owned.saturating_sub(1);
            known.load = known.load.saturating_sub(weight);
        }
        known.version = version;
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        MemberId::new(name).ok().and_then(|id| self.numbers.get(&id).copied())
    }

    pub fn all(&self) -> impl Iterator<Item = (u32, &Known)> {
        self.by_number.iter().map(|(number, known)| (*number, known))
    }

    /// How many share the partitions.
    pub fn taking_part(&self) -> usize {
        self.by_number.values().filter(|known| known.takes_part()).count()
    }
}
