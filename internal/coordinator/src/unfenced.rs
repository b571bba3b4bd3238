//! Ledgers that nothing fences: the part of the judge that turns what members tell of themselves into
//! accounts and owners.
//!
//! Who may own a partition is nobody's rule here: two may consume one at once, which is counted
//! (`overlap_seconds`), not charged. What is judged is what was promised for the messages.

use std::sync::Arc;
use std::time::Duration;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::records::{Holder, Term};
use reports::ToldRecord;

use crate::account::{Account, Counts};
use crate::docket::{By, Charge, Docket, before};
use crate::effect::{Done, Wrong};
use crate::gate::{Placed, Written};
use crate::judge::Judge;
use crate::ownership::{Case, Claim};
use crate::redelivery::Doubt;
use crate::tale::{RUN_MAX, Tale};
use crate::timeline::Happening;
use crate::{Class, Output, Promise, Rule};

impl Judge {
    /// A record of a ledger that nothing fences, on the chain of `partition`. In ledger order.
    pub fn told(&mut self, partition: PartitionId, seq: Seq, at: Timestamp, record: ToldRecord) {
        self.judged_at = self.judged_at.max(at);
        if self.knows(partition) {
            self.written(partition, Placed { seq, at, record: Written::Told(record) });
        } else {
            self.counts.foreign += 1;
        }
    }

    /// A told record whose messages were read.
    pub(crate) fn tell_record(
        &mut self,
        partition: PartitionId,
        seq: Seq,
        at: Timestamp,
        record: ToldRecord,
    ) {
        self.chains[partition.0 as usize].last = seq;
        self.replay.timeline.ledger_read(at);
        if !self.tales.entry(partition).or_default().is_news(&record) {
            self.counts.retold += 1;
            return;
        }
        let (member, session, _) = record.teller();
        let epoch = match &record {
            ToldRecord::Owned { epoch, .. } => *epoch,
            _ => Default::default(),
        };
        let holder = Holder { term: Term::default(), epoch, session, member: member.clone() };
        let by = self.by_of(partition, seq, at, holder);
        match record {
            ToldRecord::Owned { position, .. } => self.began(partition, by, position),
            ToldRecord::Done { message, outputs, .. } => {
                self.did(partition, &by, message, &outputs);
            }
            ToldRecord::Released { .. } => self.let_go(partition, by),
        }
    }

    /// The record, with the holder as its claim has it.
    fn by_of(&self, partition: PartitionId, ledger: Seq, at: Timestamp, holder: Holder) -> By {
        let claim = self.chains[partition.0 as usize].claim.as_ref().map(|claim| &claim.by.holder);
        let same =
            |own: &&Arc<Holder>| own.session == holder.session && own.member == holder.member;
        let rises = |own: &&Arc<Holder>| holder.epoch <= own.epoch;
        let own = claim.filter(same).filter(rises).map(Arc::clone);
        By { ledger, at, holder: own.unwrap_or_else(|| Arc::new(holder)) }
    }

    fn began(&mut self, partition: PartitionId, by: By, position: Option<Seq>) {
        let index = partition.0 as usize;
        let waits = self.accounts[index].pending.front().map(|message| message.pos);
        self.tales.entry(partition).or_default().owned(&by, position, waits);
        self.claims += 1;
        let claim = Claim { by: by.clone(), last_at: by.at, released_at: None };
        let previous = self.chains[index].claim.replace(claim);
        self.wait(Case { partition, by, previous, is_release: false, is_told: true });
    }

    fn did(&mut self, partition: PartitionId, by: &By, message: Seq, outputs: &[Output]) {
        let index = partition.0 as usize;
        if let Some(claim) = self.chains[index].claim.as_mut()
            && claim.by.holder.session == by.holder.session
        {
            claim.last_at = by.at;
        }
        let tale = self.tales.entry(partition).or_default();
        tale.through = tale.through.max(message);
        let promise = self.docket.settings.promise;
        let account = &mut self.accounts[index];
        match promise {
            Promise::ExactlyOnce => {
                account.effect(by, Seq::NONE, outputs, &mut self.counts, &mut self.docket);
            }
            Promise::AtLeastOnce { reach } => {
                let wrong = account.done(by, outputs, &mut self.counts, &mut self.docket);
                let again = wrong.repeats.iter().map(|seq| doubt_again(tale, account, by, *seq));
                let late = wrong.out_of_order.ranges().flat_map(|range| range.0..=range.1);
                let late = late.map(|seq| doubt_late(tale, account, by, seq));
                for doubt in again.chain(late) {
                    let doubt = excuse(tale, by, reach, doubt);
                    let happening = Happening::Doubted(Box::new(doubt));
                    self.replay.timeline.push(by.at, by.ledger.0, happening);
                }
            }
        }
        for output in outputs {
            if let Output::Done(seq) = output {
                tale.done(seq.0, by);
            }
        }
        account.bound();
    }

    fn let_go(&mut self, partition: PartitionId, by: By) {
        let (member, session) = (&by.holder.member, by.holder.session);
        self.tales.entry(partition).or_default().released(member, session, by.at);
        let claim = self.chains[partition.0 as usize].claim.as_mut();
        let held = |claim: &&mut Claim| {
            let holder = &claim.by.holder;
            (holder.session, &holder.member) == (session, member) && claim.released_at.is_none()
        };
        if let Some(claim) = claim.filter(held) {
            claim.released_at = Some(by.at);
            let previous = Some(claim.clone());
            self.wait(Case { partition, by, previous, is_release: true, is_told: true });
        } else {
            // Somebody else has it already: what they both had ends.
            let happening = Happening::Released { partition, session };
            self.replay.timeline.push(by.at, by.ledger.0, happening);
        }
    }

    /// Everything up to `at` was handed in: what waited for it is decided. Records of the group's
    /// stream say so themselves; a history without them has to be told.
    pub fn told_until(&mut self, at: Timestamp) {
        self.replay.timeline.ledger_read(at);
        self.group_read(at);
    }

    /// Decides what was done again or late, once all faults of that time are known.
    pub(crate) fn settle_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.replay.doubts) {
            self.redeliveries.decide(doubt, &mut self.docket);
        }
    }
}

impl Account {
    /// What a member says it did: nothing follows for the messages before.
    fn done(
        &mut self,
        by: &By,
        outputs: &[Output],
        counts: &mut Counts,
        docket: &mut Docket,
    ) -> Wrong {
        let latest = before(by.at, docket.settings.processing_min);
        let (mut wrong, _) = self.take(outputs, Done { at: by.at, latest }, counts);
        self.last_effect_at = Some(by.at);
        let (unexpected, unprocessed) =
            (std::mem::take(&mut wrong.unexpected), std::mem::take(&mut wrong.unprocessed));
        let only = Wrong { unexpected, unprocessed, ..Default::default() };
        self.charge_wrong(&only, by, docket);
        wrong
    }
}

fn charge(class: Class, account: &Account, by: &By, detail: &str) -> Charge {
    Charge {
        class,
        rule: Rule::Explained,
        count: 1,
        partition: Some(account.partition),
        sequences: vec![],
        at: by.at,
        culprit: by.culprit(),
        detail: detail.into(),
        evidence: vec![],
    }
}

fn doubt_again(tale: &Tale, account: &Account, by: &By, seq: u64) -> Doubt {
    let mut charge =
        charge(Class::Duplicate, account, by, "done a second time, and no fault explains it");
    let before = tale.doer(seq).map(|run| run.by.shows("the effect before (or of its neighbour)"));
    charge.evidence = before.into_iter().chain([by.shows("the effect again")]).collect();
    Doubt::new(account.partition, seq, charge)
}

fn doubt_late(tale: &Tale, account: &Account, by: &By, seq: u64) -> Doubt {
    let detail = "done after a later message, and no fault explains it";
    let mut charge = charge(Class::OutOfOrder, account, by, detail);
    let later = tale.later(seq).map(|run| run.by.shows("the effect of a later message"));
    charge.evidence =
        later.into_iter().chain([by.shows("the effect that came after it")]).collect();
    Doubt::new(account.partition, seq, charge)
}

/// Whose faults may be behind it: see `redelivery.rs`.
fn excuse(tale: &Tale, by: &By, reach: Duration, doubt: Doubt) -> Doubt {
    let since = before(by.at, reach);
    let mut doubt = doubt.excused_by(&by.holder.member, since, by.at);
    match doubt.charge.class {
        Class::Duplicate => {
            if let Some(run) = tale.doer(doubt.sequence) {
                let (member, at) = (&run.by.holder.member, run.by.at);
                doubt = doubt.excused_by(member, before(at, reach), at + RUN_MAX + reach);
            }
        }
        _ => {
            let had: Vec<_> = tale.had(since, by.at).collect();
            for member in had {
                doubt = doubt.excused_by(member, since, by.at);
            }
        }
    }
    doubt
}
