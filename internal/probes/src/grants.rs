//! Plans and grants: what was given, what was taken, and from whom.

use parti::MemberId;
use parti::records::{Grant, Plan};

use crate::{Probe, Watch};

impl Watch {
    pub(crate) fn plan_stored(&mut self, payload: &[u8]) {
        let Ok(plan) = serde_json::from_slice::<Plan>(payload) else { return };
        let revoking = self.is_revoking();
        self.hits.add_if(!plan.joined.is_empty() && revoking, Probe::JoinPlannedInRevocation);
        self.reign.planned = plan.moved > 0;
        self.leader_wrote();
        self.epoch_changed();
    }

    pub(crate) fn grant_stored(&mut self, name: MemberId, payload: &[u8]) {
        let Ok(grant) = serde_json::from_slice::<Grant>(payload) else { return };
        self.granted(name, grant);
        self.reign.planned = false;
        self.leader_wrote();
        self.epoch_changed();
    }

    fn granted(&mut self, name: MemberId, grant: Grant) {
        let member = self.members.entry(name.clone()).or_default();
        if !grant.is_newer_than(&member.grant) {
            self.hits.add(Probe::GrantRepeated);
            return;
        }
        let held = member.holds_grant();
        let before = std::mem::replace(&mut member.grant, grant).partitions.0;
        if !member.lives() || !member.holds_grant() {
            self.hits.add_if(!member.grant.partitions.0.is_empty(), Probe::GrantToTheDead);
            member.unclaimed.clear();
            return;
        }
        let before = if held { before } else { Default::default() };
        let now = &member.grant.partitions.0;
        let taken_back = member.unclaimed.iter().any(|partition| !now.contains(partition));
        self.hits.add_if(taken_back, Probe::GrantTakenBack);
        member.unclaimed.retain(|partition| now.contains(partition));
        member.unclaimed.extend(now.difference(&before).copied());
        if before.difference(now).next().is_some() {
            member.revoked = Some(member.grant.epoch);
        }
    }

    /// Whoever cannot be heard now misses it.
    fn epoch_changed(&mut self) {
        for gap in self.members.values_mut().filter_map(|member| member.gap.as_mut()) {
            gap.crossed |= !gap.mended;
        }
    }
}
