//! What the group's stream says of a member at a time: does it live, is it gone, has it let go?

use std::ops::Bound::{Excluded, Unbounded};

use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::Session;

use crate::WorkerStates;
use crate::group::Group;
use crate::life::{Ending, Life};

impl Group {
    /// The newest life of `member`.
    pub fn current(&self, member: &MemberId) -> Option<&Life> {
        self.lives.get(&self.members.get(member)?.current?)
    }

    /// Whether `session` of `member`, or a life that followed in its seat, was over at `at` without a
    /// successor: who comes under the name after that comes anew.
    pub fn gone_by(&self, member: &MemberId, session: Session, at: Timestamp) -> bool {
        let Some(life) = self.lives.get(&session) else { return true };
        match life.ended_by(at) {
            Some(Ending::Left | Ending::Expired) => true,
            None => life.crashed_by(at).is_some(),
            Some(Ending::Superseded) => {
                let later = self.lives.range((Excluded(session), Unbounded));
                let mut later = later.map(|(_, life)| life).filter(|life| life.member == *member);
                let freed =
                    |life: &Life| matches!(life.ended_by(at), Some(Ending::Left | Ending::Expired));
                let current = self.current(member);
                current.is_none_or(|current| current.crashed_by(at).is_some()) || later.any(freed)
            }
        }
    }

    /// When `session` let go of `partition`, which it had claimed at `claimed`, by acknowledging a
    /// grant that does not hold it.
    pub fn let_go_by(
        &self,
        session: Session,
        partition: PartitionId,
        claimed: Timestamp,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let life = self.lives.get(&session)?;
        let (acked, since) = life.acked_by(at)?;
        let grants = &self.members.get(&life.member)?.grants;
        let (_, held) = grants.iter().find(|(epoch, _)| *epoch == acked)?;
        (since > claimed && !held.0.contains(&partition)).then_some(since)
    }

    /// Partitions whose owner lives.
    pub fn owned(&self) -> u32 {
        let live = self.lives.values().filter(|life| life.is_live());
        live.fold(0, |sum, life| sum.saturating_add(life.held))
    }

    /// Members by the state of their newest life.
    pub fn states(&self) -> WorkerStates {
        let mut states = WorkerStates::default();
        let current = self.members.values().filter_map(|member| self.lives.get(&member.current?));
        for life in current {
            match life.ended {
                Some((_, Ending::Left)) => states.left += 1,
                Some((_, Ending::Expired)) => states.expired += 1,
                _ if life.crashed_at.is_some() => states.crashed += 1,
                _ => states.live += 1,
            }
        }
        states
    }
}
