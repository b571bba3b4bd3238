//! Lives: joins, signs of life, farewells, expiries, and who came back how.

use broker::Seq;
use bytes::Bytes;
use parti::MemberId;
use parti::records::{Epoch, MemberRecord, Session};

use crate::member::End;
use crate::{Probe, Watch};

impl Watch {
    /// A member's record was stored.
    pub(crate) fn member_stored(&mut self, name: MemberId, payload: &Bytes, seq: Seq) {
        let known = self.members.get(&name);
        if known.is_some_and(|member| member.sign == *payload && member.gap.is_none()) {
            return;
        }
        let member = self.members.entry(name.clone()).or_default();
        match serde_json::from_slice(payload) {
            Ok(MemberRecord::Joined { acked, seat }) => {
                self.joined(&name, Session(seq.0), seat, acked);
            }
            Ok(MemberRecord::Alive { acked, owned, .. }) => {
                member.sign = payload.clone();
                member.settle(acked, owned);
                self.went_on(&name);
            }
            Ok(MemberRecord::Left { .. }) => {
                let rebalancing = self.is_rebalancing();
                self.hits.add_if(rebalancing, Probe::LeaveInRebalance);
                self.ended(&name, End::Left);
            }
            Ok(MemberRecord::Expired { .. }) => self.expired(&name),
            Err(_) => {}
        }
    }

    /// A member's record was refused.
    pub(crate) fn member_refused(&mut self, name: &MemberId, payload: &[u8]) {
        let Some(member) = self.members.get(name) else { return };
        if let Ok(MemberRecord::Expired { .. }) = serde_json::from_slice(payload) {
            self.hits.add_if(member.lives(), Probe::ExpiryRefused);
        }
    }

    fn joined(&mut self, name: &MemberId, session: Session, seat: Option<Session>, acked: Epoch) {
        let rebalancing = self.is_rebalancing();
        self.hits.add_if(seat.is_none() && rebalancing, Probe::JoinInRebalance);
        let member = self.members.entry(name.clone()).or_default();
        if member.end == Some(End::Expired) {
            self.hits.add(match member.reconnected {
                true => Probe::RestartAfterLease,
                false => Probe::ExpiredMemberReturns,
            });
        }
        member.resuming = seat.is_some() && member.lives();
        (member.session, member.seat) = (session, seat.unwrap_or(session));
        (member.end, member.gap, member.reconnected) = (None, None, false);
        member.unclaimed.clear();
        member.settle(acked, 0);
        if member.holds_grant() {
            member.unclaimed.extend(member.grant.partitions.0.iter().copied());
        }
    }

    /// A life gave a sign: if it could not be heard before, it has survived that.
    fn went_on(&mut self, name: &MemberId) {
        let Some(member) = self.members.get_mut(name) else { return };
        if let Some(gap) = member.gap.filter(|gap| gap.mended) {
            member.gap = None;
            self.hits.add_if(gap.crossed, Probe::GapAcrossEpoch);
            self.hits.add_if(gap.half_open, Probe::HalfOpenSurvived);
        }
    }

    fn expired(&mut self, name: &MemberId) {
        let mut others = self.members.iter().filter(|(other, _)| *other != name);
        let rebalancing = others.any(|(_, other)| other.is_changing());
        self.hits.add_if(rebalancing, Probe::ExpiryInRebalance);
        if let Some(member) = self.members.get(name) {
            self.hits.add_if(member.revoked.is_some(), Probe::MemberLostInRevocation);
            self.hits.add_if(!member.unclaimed.is_empty(), Probe::MemberLostInHandover);
        }
        self.ended(name, End::Expired);
    }

    fn ended(&mut self, name: &MemberId, how: End) {
        let Some(member) = self.members.get_mut(name) else { return };
        (member.end, member.revoked) = (Some(how), None);
    }

    /// Whether anybody has still to let go of a partition or to take one.
    pub(crate) fn is_rebalancing(&self) -> bool {
        self.members.values().any(|member| member.is_changing())
    }

    /// Whether a living member has not acknowledged what was taken from it.
    pub(crate) fn is_revoking(&self) -> bool {
        self.members.values().any(|member| member.revoked.is_some())
    }
}
