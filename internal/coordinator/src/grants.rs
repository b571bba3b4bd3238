//! Grants: who may own what, and whether a live member still held it (I4).

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Grant};

use crate::docket::{Charge, note};
use crate::judge::Judge;
use crate::{Class, Culprit, Rule};

impl Judge {
    /// A grant: I4, and who may own what from now on.
    pub(crate) fn granted(&mut self, to: &Arc<MemberId>, at: Timestamp, mut grant: Grant) {
        if self.group.is_over(grant.session) {
            // To a life that left or expired, by a leader that has not heard of it: to nobody.
            grant.partitions.0.clear();
        }
        let previous = self.group.grant(to, grant.epoch, grant.partitions.clone());
        self.rebalances.granted(grant.epoch);
        for partition in previous.0.difference(&grant.partitions.0) {
            self.seats.change(*partition, |seat| {
                if seat.granted.as_ref() == Some(to) {
                    seat.revoked = Some(grant.epoch);
                }
            });
        }
        let mut early: BTreeMap<Arc<MemberId>, Vec<PartitionId>> = BTreeMap::new();
        let known = self.accounts.len();
        for partition in grant.partitions.0.iter().filter(|p| (p.0 as usize) < known) {
            let seat = self.seats.get(*partition);
            if let Some(other) = seat.granted.clone().filter(|other| other != to)
                && self.owes(&other, seat.revoked, at)
            {
                early.entry(other).or_default().push(*partition);
            }
            self.seats.change(*partition, |seat| {
                if seat.granted.as_ref() != Some(to) {
                    seat.grantees.push_back((at, Arc::clone(to)));
                }
                (seat.granted, seat.revoked) = (Some(Arc::clone(to)), None);
            });
        }
        for (other, partitions) in early {
            self.charge_early(to, &other, &partitions, at, &grant);
        }
    }

    /// Whether `member` lives and has not let go of what was taken back by `revoked`.
    fn owes(&self, member: &MemberId, revoked: Option<Epoch>, at: Timestamp) -> bool {
        let Some(life) = self.group.current(member) else { return false };
        let dead = life.ended_by(at).is_some() || life.crashed_by(at).is_some();
        !dead && revoked.is_none_or(|revoked| life.acked() < revoked)
    }

    fn charge_early(
        &mut self,
        to: &MemberId,
        other: &MemberId,
        partitions: &[PartitionId],
        at: Timestamp,
        grant: &Grant,
    ) {
        let named: parti::PartitionSet = partitions.iter().take(100).copied().collect();
        let acked = self.group.current(other).map(|life| life.acked().0).unwrap_or_default();
        let culprit = self.group.leader.clone().map_or(Culprit::Nobody, Culprit::Leader);
        self.docket.charge(Charge {
            class: Class::TwoOwners,
            rule: Rule::I4,
            count: partitions.len() as u64,
            partition: partitions.first().copied(),
            sequences: vec![],
            at,
            culprit,
            detail: format!(
                "epoch {} granted {named} to {to} while {other} lived and had acknowledged epoch \
                 {acked} only",
                grant.epoch.0
            ),
            evidence: vec![note(format!("the grant of {to}"), Some(at))],
        });
    }
}
