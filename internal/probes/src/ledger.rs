//! Claims, effects and releases, and the messages that they are about.

use broker::{Append, Seq, Subject};
use model::PartitionId;
use parti::records::{Holder, LedgerRecord};
use serde::de::IgnoredAny;

use crate::chain::{Chain, Kind, is_batch};
use crate::{Probe, Watch};

type Record = LedgerRecord<IgnoredAny>;

impl Watch {
    pub(crate) fn message_stored(&mut self, append: &Append, seq: Seq) {
        let Some(partition) = self.names.partition_of(&append.subject) else { return };
        let chain = self.chains.entry(partition).or_default();
        chain.message = seq;
        let after = append.expect.as_ref().map(|expect| expect.seq);
        self.hits.add_if(after.is_some() && after == chain.unheard, Probe::PublishRecovered);
        self.hits.add_if(std::mem::take(&mut chain.outage), Probe::DoubtAcrossOutage);
    }

    pub(crate) fn ledger_stored(&mut self, append: &Append, seq: Seq) {
        let Some(partition) = self.names.partition_of(&append.subject) else { return };
        let kind = Kind::of(&append.payload);
        if kind == Kind::Claim {
            if let Ok(Record::Claim { holder, through }) = serde_json::from_slice(&append.payload) {
                self.chains.entry(partition).or_default().claim = seq;
                self.claimed(partition, holder, through);
            }
            return;
        }
        let chain = self.chains.entry(partition).or_default();
        match kind {
            Kind::Effect => {
                let first = std::mem::take(&mut chain.behind);
                self.hits.add_if(first, Probe::BacklogHandedOver);
                self.hits.add_if(is_batch(&append.payload), Probe::BatchEffect);
                chain.head = kind;
            }
            Kind::Release => chain.head = kind,
            Kind::Claim | Kind::Foreign => {}
        }
    }

    fn claimed(&mut self, partition: PartitionId, holder: Holder, through: Seq) {
        let chain = self.chains.entry(partition).or_default();
        let released = chain.head == Kind::Release;
        let before = chain.holder.replace(holder.clone());
        chain.head = Kind::Claim;
        if let Some(member) = self.members.get_mut(&holder.member) {
            member.unclaimed.remove(&partition);
        }
        match before {
            Some(before) if before.member != holder.member => {
                self.moved(partition, &before, through, released);
            }
            Some(_) => self.resumed(&holder, released),
            None => {}
        }
    }

    /// A partition went from one member to another.
    fn moved(&mut self, partition: PartitionId, from: &Holder, through: Seq, released: bool) {
        let cut_off = self.weather.is_cut_off(from.member.as_str());
        self.hits.add_if(!released, Probe::ClaimOverUnreleased);
        self.hits.add_if(!released && cut_off, Probe::OwnerCutOffReplaced);
        let chain = self.chains.entry(partition).or_default();
        chain.behind = chain.message > through;
        self.hits.add_if(!chain.behind, Probe::IdleHandedOver);
        let before = chain.moved_at.replace(self.now);
        let soon = before.is_some_and(|at| self.now.since(at) < self.lease * 2);
        self.hits.add_if(soon, Probe::PartitionMovedTwice);
    }

    /// A member claims what an earlier life of its own had.
    fn resumed(&mut self, holder: &Holder, released: bool) {
        let Some(member) = self.members.get_mut(&holder.member) else { return };
        if std::mem::take(&mut member.resuming) {
            self.hits.add(match released {
                true => Probe::StepAsideRestart,
                false => Probe::RestartWithinLease,
            });
        }
    }

    pub(crate) fn ledger_refused(&mut self, append: &Append) {
        let Some(partition) = self.names.partition_of(&append.subject) else { return };
        let Some(Chain { holder: Some(by), claim, .. }) = self.chains.get(&partition) else {
            return;
        };
        let seen = append.expect.as_ref().map_or(Seq::NONE, |expect| expect.seq);
        match serde_json::from_slice(&append.payload) {
            // Its own copy may have come before it.
            Ok(Record::Claim { holder, .. }) if holder != *by => {
                let raced = seen < *claim;
                self.hits.add(if raced { Probe::ClaimRace } else { Probe::ClaimOvertaken });
                self.hits.add_if(raced && holder < *by, Probe::ZombieClaimRefused);
            }
            Ok(Record::Effect { holder, .. }) => {
                let other = holder.member != by.member;
                self.hits.add_if(other, Probe::ZombieEffectRefused);
            }
            _ => {}
        }
    }

    pub(crate) fn trimmed(&mut self, subject: &Subject) {
        let chain = self.names.partition_of(subject).and_then(|p| self.chains.get(&p));
        let Some(Chain { holder: Some(holder), head, .. }) = chain else { return };
        let owner = self.members.get(&holder.member);
        let lives = owner.is_some_and(|owner| owner.lives() && owner.session == holder.session);
        self.hits.add_if(*head == Kind::Release || !lives, Probe::TrimWithoutOwner);
    }
}
