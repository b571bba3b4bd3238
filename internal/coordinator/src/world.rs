//! Who owns what at one moment of the replay, and whether everything is stable.

use std::collections::BTreeMap;

use model::{PartitionId, Timestamp};
use parti::records::Session;
use parti::{MemberId, PartitionSet};
use serde::{Deserialize, Serialize};

/// Members that are remembered; beyond it those that are gone are forgotten.
const MEMBERS_MAX: usize = 4_096;

/// The newest life of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Life {
    session: Session,
    /// Neither left, nor declared dead, nor killed.
    lives: bool,
    /// Killed: it holds nothing, whatever the others believe.
    killed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Seat {
    owner: Option<(MemberId, Session)>,
    granted: Option<MemberId>,
    /// Who let go of it, and when, if nobody has claimed it since.
    let_go: Option<(Session, Timestamp)>,
}

/// Who owns what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct World {
    seats: Vec<Seat>,
    members: BTreeMap<MemberId, Life>,
    /// A seat that was not as it should be when somebody looked last.
    unstable: usize,
}

impl World {
    pub fn new(partitions: u32) -> Self {
        let seats = vec![Seat::default(); partitions as usize];
        Self { seats, members: BTreeMap::new(), unstable: 0 }
    }

    /// Every partition is owned by a live member to whom it is granted.
    pub fn is_stable(&mut self) -> bool {
        if self.seats.get(self.unstable).is_some_and(|seat| !self.is_settled(seat)) {
            return false;
        }
        let unstable = self.seats.iter().position(|seat| !self.is_settled(seat));
        self.unstable = unstable.unwrap_or(0);
        unstable.is_none()
    }

    fn is_settled(&self, seat: &Seat) -> bool {
        seat.owner.as_ref().is_some_and(|(member, session)| {
            let life = self.members.get(member);
            seat.granted.as_ref() == Some(member)
                && life.is_some_and(|life| life.session == *session && life.lives)
        })
    }

    /// A life begins. Returns the life before it, if that one stepped aside.
    pub fn joined(&mut self, member: &MemberId, session: Session) -> Option<Session> {
        let life = Life { session, lives: true, killed: false };
        let before = self.members.insert(member.clone(), life);
        if self.members.len() > MEMBERS_MAX {
            self.members.retain(|_, life| life.lives);
        }
        before.filter(|before| before.lives && before.session < session).map(|life| life.session)
    }

    /// A life left or was declared dead.
    pub fn gone(&mut self, member: &MemberId, session: Session) {
        let life = self.members.get_mut(member).filter(|life| life.session == session);
        if let Some(life) = life {
            life.lives = false;
            for seat in self.seats.iter_mut().filter(|seat| seat.granted.as_ref() == Some(member)) {
                seat.granted = None;
            }
        }
    }

    /// A member was killed.
    pub fn killed(&mut self, member: &MemberId) {
        if let Some(life) = self.members.get_mut(member) {
            (life.lives, life.killed) = (false, true);
        }
    }

    /// Whether `session` may still believe that it holds something.
    pub fn may_hold(&self, member: &MemberId, session: Session) -> bool {
        self.members.get(member).is_some_and(|life| life.session == session && !life.killed)
    }

    /// A grant: what it does not hold is taken back.
    pub fn granted(&mut self, member: &MemberId, partitions: &PartitionSet) {
        for (index, seat) in (0..).zip(&mut self.seats) {
            if partitions.0.contains(&PartitionId(index)) {
                seat.granted = Some(member.clone());
            } else if seat.granted.as_ref() == Some(member) {
                seat.granted = None;
            }
        }
    }

    pub fn claimed(&mut self, partition: PartitionId, member: &MemberId, session: Session) {
        let known = self.members.get(member).is_some_and(|life| life.session >= session);
        if !known {
            self.joined(member, session);
        }
        if let Some(seat) = self.seats.get_mut(partition.0 as usize) {
            (seat.owner, seat.let_go) = (Some((member.clone(), session)), None);
        }
    }

    /// Its owner let go of it. Whoever was taken over from has nothing to let go of.
    pub fn released(&mut self, partition: PartitionId, session: Session, at: Timestamp) {
        let owned = |seat: &&mut Seat| seat.owner.as_ref().is_some_and(|own| own.1 == session);
        if let Some(seat) = self.seats.get_mut(partition.0 as usize).filter(owned) {
            (seat.owner, seat.let_go) = (None, Some((session, at)));
        }
    }

    /// What the newest life of `member` owns.
    pub fn owned_by(&self, member: &MemberId) -> BTreeMap<PartitionId, Session> {
        let owned = (0..).map(PartitionId).zip(&self.seats).filter_map(|(partition, seat)| {
            let (owner, session) = seat.owner.as_ref()?;
            (owner == member).then_some((partition, *session))
        });
        owned.collect()
    }

    /// What `session` let go of and nobody has claimed since, and when.
    pub fn let_go(&self, session: Session) -> BTreeMap<PartitionId, (Session, Timestamp)> {
        let let_go = (0..).map(PartitionId).zip(&self.seats).filter_map(|(partition, seat)| {
            Some((partition, seat.let_go.filter(|(by, _)| *by == session)?))
        });
        let_go.collect()
    }
}
