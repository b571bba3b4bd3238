//! The group as its stream shows it: lives, leaders and grants, and the rules about them.

use std::collections::{BTreeMap, VecDeque};

use model::Timestamp;
use parti::records::{Epoch, LeaderRecord, MemberRecord, Session, Term};
use parti::{MemberId, PartitionSet};
use serde::{Deserialize, Serialize};

use crate::docket::{Charge, Docket, note};
use crate::life::{Ending, Life};
use crate::{Class, Culprit, Event, Rule};

/// Lives that are remembered; beyond it the oldest that are over are forgotten.
const LIVES_MAX: usize = 2_048;
/// Grants that are remembered for each member.
const GRANTS_MAX: usize = 8;
/// Kills that are remembered for each member.
const CRASHES_MAX: usize = 64;
/// Elections that are remembered.
const ELECTIONS_MAX: usize = 256;

/// A member over all of its lives.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Member {
    pub current: Option<Session>,
    /// The newest grants, oldest first.
    pub grants: VecDeque<(Epoch, PartitionSet)>,
    /// When chaos killed it.
    pub crashes: VecDeque<Timestamp>,
}

/// The group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Group {
    pub lives: BTreeMap<Session, Life>,
    pub members: BTreeMap<MemberId, Member>,
    pub leader: Option<MemberId>,
    pub term: Term,
    /// The newest elections.
    pub elections: VecDeque<(Timestamp, MemberId)>,
    pub elected: u64,
    /// Silences that explain why two lives held one partition.
    pub zombies: u64,
}

impl Group {
    /// The life `session` of `member`, made known if it was not.
    pub fn life(&mut self, member: &MemberId, session: Session) -> &mut Life {
        if !self.lives.contains_key(&session) && self.lives.len() >= LIVES_MAX {
            let over = |life: &Life| life.ended.is_some() && life.held == 0;
            let oldest = self.lives.iter().find(|(_, life)| over(life)).map(|(id, _)| *id);
            oldest.and_then(|id| self.lives.remove(&id));
        }
        self.lives.entry(session).or_insert_with(|| Life::new(member.clone()))
    }

    /// A record of a member. Says whether the member is gone now.
    pub fn member(
        &mut self,
        member: &MemberId,
        session: Session,
        at: Timestamp,
        record: &MemberRecord,
        docket: &mut Docket,
    ) -> bool {
        match record {
            MemberRecord::Joined { acked, .. } => {
                self.begin(member, session, at);
                self.life(member, session).sign(at, *acked, docket.settings.lease);
                let (member, acked) = (member.clone(), *acked);
                docket.events.push(Event::Joined { at, member, session, acked });
                false
            }
            MemberRecord::Alive { acked, .. } => {
                if self.members.get(member).is_none_or(|known| known.current < Some(session)) {
                    self.begin(member, session, at);
                }
                self.follows_its_end(member, session, at, docket);
                self.alive(member, session, at, *acked, docket);
                false
            }
            MemberRecord::Left { .. } => {
                self.end(member, session, at, Ending::Left);
                docket.events.push(Event::Left { at, member: member.clone(), session });
                true
            }
            MemberRecord::Expired { .. } => {
                self.end(member, session, at, Ending::Expired);
                docket.events.push(Event::Expired { at, member: member.clone(), session });
                true
            }
        }
    }

    fn begin(&mut self, member: &MemberId, session: Session, at: Timestamp) {
        let entry = self.members.entry(member.clone()).or_default();
        let previous = entry.current.replace(session).filter(|previous| *previous != session);
        let crashed = entry.crashes.iter().copied().filter(|crashed| *crashed >= at).min();
        if let Some(life) = previous.and_then(|previous| self.lives.get_mut(&previous)) {
            life.ended.get_or_insert((at, Ending::Superseded));
            life.crashed_at = life.crashed_by(at);
        }
        let life = self.life(member, session);
        life.joined_at.get_or_insert(at);
        life.crashed_at = life.crashed_at.or(crashed);
    }

    fn end(&mut self, member: &MemberId, session: Session, at: Timestamp, ending: Ending) {
        let life = self.life(member, session);
        life.ended.get_or_insert((at, ending));
        life.suspects = Vec::new();
    }

    /// A sign of life of a life that had ended: whoever gives it was not told.
    fn follows_its_end(
        &mut self,
        member: &MemberId,
        session: Session,
        at: Timestamp,
        docket: &mut Docket,
    ) {
        let Some((ended, ending)) = self.lives.get(&session).and_then(|life| life.ended) else {
            return;
        };
        let how = match ending {
            Ending::Left => "left",
            Ending::Expired => "was declared dead",
            Ending::Superseded => "began a new life",
        };
        docket.charge(Charge {
            class: Class::StaleEpoch,
            rule: Rule::OneLife,
            count: 1,
            partition: None,
            sequences: vec![],
            at,
            culprit: Culprit::Member { member: member.clone(), session },
            detail: format!("{member} gave a sign of a life after it {how}"),
            evidence: vec![
                note(format!("the end of life {}", session.0), Some(ended)),
                note("the sign of life", Some(at)),
            ],
        });
    }

    fn alive(
        &mut self,
        member: &MemberId,
        session: Session,
        at: Timestamp,
        acked: Epoch,
        docket: &mut Docket,
    ) {
        let lease = docket.settings.lease;
        let life = self.life(member, session);
        let known = life.acked();
        life.sign(at, acked, lease);
        let suspects = std::mem::take(&mut life.suspects);
        if acked < known {
            docket.charge(Charge {
                class: Class::StaleEpoch,
                rule: Rule::I5,
                count: 1,
                partition: None,
                sequences: vec![],
                at,
                culprit: Culprit::Member { member: member.clone(), session },
                detail: format!(
                    "{member} acknowledged epoch {} after epoch {} in the same life",
                    acked.0, known.0
                ),
                evidence: vec![note(
                    format!("sign of life that acknowledges {}", acked.0),
                    Some(at),
                )],
            });
        }
        for suspect in suspects {
            self.hear(session, suspect, docket);
        }
    }

    /// Whether a life left or was taken for dead: nobody follows in its seat.
    pub fn is_over(&self, session: Session) -> bool {
        let ended = self.lives.get(&session).and_then(|life| life.ended);
        ended.is_some_and(|(_, ending)| matches!(ending, Ending::Left | Ending::Expired))
    }

    /// Remembers a grant and returns the one before it.
    pub fn grant(
        &mut self,
        member: &MemberId,
        epoch: Epoch,
        partitions: PartitionSet,
    ) -> PartitionSet {
        let grants = &mut self.members.entry(member.clone()).or_default().grants;
        let previous = grants.back().map(|(_, held)| held.clone()).unwrap_or_default();
        if grants.len() == GRANTS_MAX {
            grants.pop_front();
        }
        grants.push_back((epoch, partitions));
        previous
    }

    /// A record of who leads, at sequence `term`.
    pub fn leader(&mut self, term: Term, at: Timestamp, record: LeaderRecord) -> Event {
        match record {
            LeaderRecord::Elected { member, .. } => {
                self.term = self.term.max(term);
                self.elected += 1;
                self.leader = Some(member.clone());
                if self.elections.len() == ELECTIONS_MAX {
                    self.elections.pop_front();
                }
                self.elections.push_back((at, member.clone()));
                Event::Elected { at, member, term }
            }
            LeaderRecord::Vacant { term } => {
                self.leader = None;
                Event::Vacant { at, term }
            }
        }
    }

    /// Something that a leader wrote under `term`.
    pub fn written(&mut self, what: &str, term: Term, at: Timestamp, docket: &mut Docket) {
        if term >= self.term {
            self.term = term;
            return;
        }
        docket.charge(Charge {
            class: Class::StaleEpoch,
            rule: Rule::Term,
            count: 1,
            partition: None,
            sequences: vec![],
            at,
            culprit: Culprit::Nobody,
            detail: format!(
                "a {what} of term {} was stored after term {} had begun",
                term.0, self.term.0
            ),
            evidence: vec![note(format!("the {what}"), Some(at))],
        });
    }

    /// Chaos killed `member` at `at`. The life that it hit may not be known yet.
    pub fn crashed(&mut self, member: &MemberId, at: Timestamp) {
        let crashes = &mut self.members.entry(member.clone()).or_default().crashes;
        if crashes.len() == CRASHES_MAX {
            crashes.pop_front();
        }
        crashes.push_back(at);
        let of_member = |life: &&mut Life| life.member == *member;
        let begun = |life: &&mut Life| life.joined_at.is_some_and(|joined| joined <= at);
        let mut lives = self.lives.values_mut().rev().filter(of_member);
        if let Some(life) = lives.find(begun) {
            life.crashed_at = Some(life.crashed_at.unwrap_or(at).min(at));
        }
    }
}
