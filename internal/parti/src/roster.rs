//! The leader's watch over its members: who gave a sign of life when.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use tokio::time::Instant;

use crate::MemberId;
use crate::lease::Observed;
use crate::rebalancer::{Departure, Live, Rebalancer};
use crate::records::{MemberRecord, Session};

/// When each live member was last seen.
#[derive(Debug)]
pub(crate) struct Roster {
    lease: Duration,
    seen: BTreeMap<MemberId, Observed>,
    newest: BTreeMap<MemberId, Seq>,
    /// Nobody's lease runs out before. Signs of life only put that off, so they need not look who is
    /// the next.
    quiet_until: Option<Instant>,
}

impl Roster {
    /// Nobody yet; a member is believed alive for `lease`.
    pub(crate) fn new(lease: Duration) -> Self {
        Self { lease, seen: BTreeMap::new(), newest: BTreeMap::new(), quiet_until: None }
    }

    /// Takes a member's record, seen at `seen_at`, and tells the rebalancer what it means. A record
    /// older than one that was seen already is ignored. Says whether the member lives now and did not.
    pub(crate) fn observe(
        &mut self,
        rebalancer: &mut Rebalancer,
        member: &MemberId,
        seq: Seq,
        record: &MemberRecord,
        seen_at: Instant,
    ) -> bool {
        match self.newest.get_mut(member) {
            Some(newest) if seq <= *newest => return false,
            Some(newest) => *newest = seq,
            None => drop(self.newest.insert(member.clone(), seq)),
        }
        match record {
            MemberRecord::Joined { acked, seat } => {
                let session = Session(seq.0);
                let live = Live { session, seat: seat.unwrap_or(session), acked: *acked };
                self.alive(rebalancer, member, seq, live, seen_at)
            }
            MemberRecord::Alive { session, seat, acked, .. } => {
                let live = Live { session: *session, seat: *seat, acked: *acked };
                self.alive(rebalancer, member, seq, live, seen_at)
            }
            MemberRecord::Left { .. } => {
                self.gone(rebalancer, member, Departure::Left);
                false
            }
            MemberRecord::Expired { .. } => {
                self.gone(rebalancer, member, Departure::Expired);
                false
            }
        }
    }

    /// Somebody else wrote to a member's subject. That is no sign of life, but whoever writes there
    /// next must have seen it.
    pub(crate) fn foreign(&mut self, member: &MemberId, seq: Seq) {
        let newest = self.newest.entry(member.clone()).or_default();
        *newest = seq.max(*newest);
        if let Some(seen) = self.seen.get_mut(member) {
            seen.overwritten(seq);
        }
    }

    fn alive(
        &mut self,
        rebalancer: &mut Rebalancer,
        member: &MemberId,
        seq: Seq,
        live: Live,
        seen_at: Instant,
    ) -> bool {
        match self.seen.get_mut(member) {
            Some(seen) => seen.renew(seq, seen_at),
            None => {
                self.seen.insert(member.clone(), Observed::new(seq, seen_at));
                self.look_again_at(seen_at + self.lease);
            }
        }
        rebalancer.alive(member, live)
    }

    fn gone(&mut self, rebalancer: &mut Rebalancer, member: &MemberId, how: Departure) {
        self.seen.remove(member);
        rebalancer.gone(member, how);
    }

    fn look_again_at(&mut self, at: Instant) {
        self.quiet_until = Some(self.quiet_until.map_or(at, |until| until.min(at)));
    }

    /// When to look for silent members again: no lease runs out before.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.quiet_until
    }

    /// Members whose lease has run out, with the record that they were last seen as.
    pub(crate) fn silent(&mut self, now: Instant) -> Vec<(MemberId, Seq)> {
        if self.quiet_until.is_none_or(|until| now < until) {
            return Vec::new();
        }
        self.quiet_until = self.seen.values().map(|seen| seen.expires_at(self.lease)).min();
        self.seen
            .iter()
            .filter(|(_, seen)| seen.expires_at(self.lease) <= now)
            .map(|(member, seen)| (member.clone(), seen.seq()))
            .collect()
    }

    /// Grants everybody the whole lease again: the leader itself was cut off.
    pub(crate) fn excuse(&mut self, now: Instant) {
        for seen in self.seen.values_mut() {
            seen.excuse(now);
        }
    }

    /// Whether one member was expired is not known: it is silent again at `at`.
    pub(crate) fn ask_again_at(&mut self, member: &MemberId, at: Instant) {
        if let Some(seen) = self.seen.get_mut(member) {
            seen.ask_again_at(at, self.lease);
            self.look_again_at(at);
        }
    }

    /// Grants one member the whole lease again: it was heard of in another way.
    pub(crate) fn excuse_one(&mut self, member: &MemberId, now: Instant) {
        if let Some(seen) = self.seen.get_mut(member) {
            seen.excuse(now);
        }
    }
}
