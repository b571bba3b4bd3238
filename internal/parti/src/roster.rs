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
#[derive(Debug, Default)]
pub(crate) struct Roster {
    seen: BTreeMap<MemberId, Observed>,
    newest: BTreeMap<MemberId, Seq>,
}

impl Roster {
    /// Takes a member's record, seen at `seen_at`, and tells the rebalancer what it means. A record
    /// older than one that was seen already is ignored.
    pub(crate) fn observe(
        &mut self,
        rebalancer: &mut Rebalancer,
        member: &MemberId,
        seq: Seq,
        record: &MemberRecord,
        seen_at: Instant,
    ) {
        let newest = self.newest.entry(member.clone()).or_default();
        if seq <= *newest {
            return;
        }
        *newest = seq;
        match record {
            MemberRecord::Joined { acked, seat } => {
                let session = Session(seq.0);
                let live = Live { session, seat: seat.unwrap_or(session), acked: *acked };
                self.alive(rebalancer, member, seq, live, seen_at);
            }
            MemberRecord::Alive { session, seat, acked, .. } => {
                let live = Live { session: *session, seat: *seat, acked: *acked };
                self.alive(rebalancer, member, seq, live, seen_at);
            }
            MemberRecord::Left { .. } => self.gone(rebalancer, member, Departure::Left),
            MemberRecord::Expired { .. } => self.gone(rebalancer, member, Departure::Expired),
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
    ) {
        self.seen
            .entry(member.clone())
            .or_insert_with(|| Observed::new(seq, seen_at))
            .renew(seq, seen_at);
        rebalancer.alive(member, live);
    }

    fn gone(&mut self, rebalancer: &mut Rebalancer, member: &MemberId, how: Departure) {
        self.seen.remove(member);
        rebalancer.gone(member, how);
    }

    /// When the next lease runs out unless there is a sign of life.
    pub(crate) fn next_expiry(&self, lease: Duration) -> Option<Instant> {
        self.seen.values().map(|seen| seen.expires_at(lease)).min()
    }

    /// Members whose lease has run out, with the record that they were last seen as.
    pub(crate) fn silent(&self, lease: Duration, now: Instant) -> Vec<(MemberId, Seq)> {
        self.seen
            .iter()
            .filter(|(_, seen)| seen.expires_at(lease) <= now)
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
    pub(crate) fn ask_again_at(&mut self, member: &MemberId, at: Instant, lease: Duration) {
        if let Some(seen) = self.seen.get_mut(member) {
            seen.ask_again_at(at, lease);
        }
    }

    /// Grants one member the whole lease again: it was heard of in another way.
    pub(crate) fn excuse_one(&mut self, member: &MemberId, now: Instant) {
        if let Some(seen) = self.seen.get_mut(member) {
            seen.excuse(now);
        }
    }
}
