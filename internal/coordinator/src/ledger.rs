//! Ledger records, once every message they speak of was read: the part of the judge that turns
//! claims, effects and releases into accounts and owners.

use std::sync::Arc;

use model::PartitionId;
use parti::records::{Holder, LedgerRecord};

use crate::docket::{By, Charge, note};
use crate::gate::{Placed, Written};
use crate::judge::Judge;
use crate::ownership::{Case, Claim};
use crate::{Class, Rule};

/// Claims and releases that may wait for the group's stream; beyond it the oldest are decided.
const CASES_MAX: usize = 50_000;

impl Judge {
    /// A ledger record whose messages were read.
    pub(crate) fn record(&mut self, partition: PartitionId, entry: Placed) {
        let Placed { seq, at, record } = entry;
        let record = match record {
            Written::Claimed(record) => record,
            Written::Told(record) => return self.tell_record(partition, seq, at, record),
        };
        let index = partition.0 as usize;
        let by = By { ledger: seq, at, holder: self.holder(index, record.holder()) };
        self.chains[index].last = seq;
        self.replay.timeline.ledger_read(at);
        match record {
            LedgerRecord::Claim { through, .. } => {
                self.accounts[index].pass_over(&by, through, &mut self.counts);
                self.claim(partition, by);
            }
            LedgerRecord::Effect { claim, through, outputs, .. } => {
                self.chains[index].acted(partition, &by, claim, &mut self.docket);
                let (counts, docket) = (&mut self.counts, &mut self.docket);
                self.accounts[index].effect(&by, through, &outputs, counts, docket);
                self.accounts[index].bound();
            }
            LedgerRecord::Release { claim, through, .. } => {
                self.accounts[index].pass_over(&by, through, &mut self.counts);
                let chain = &mut self.chains[index];
                chain.acted(partition, &by, claim, &mut self.docket);
                let held =
                    |held: &&mut Claim| held.by.ledger == claim && held.released_at.is_none();
                if let Some(held) = chain.claim.as_mut().filter(held) {
                    held.released_at = Some(at);
                    let previous = Some(held.clone());
                    self.wait(Case { partition, by, previous, is_release: true, is_told: false });
                }
            }
        }
    }

    /// The holder, shared with the claim if it is the same one.
    fn holder(&self, index: usize, holder: &Holder) -> Arc<Holder> {
        match &self.chains[index].claim {
            Some(claim) if *claim.by.holder == *holder => Arc::clone(&claim.by.holder),
            _ => Arc::new(holder.clone()),
        }
    }

    fn claim(&mut self, partition: PartitionId, by: By) {
        self.claims += 1;
        let previous = self.chains[partition.0 as usize].claimed(partition, &by, &mut self.docket);
        self.rising_epoch(partition, &by);
        self.wait(Case { partition, by, previous, is_release: false, is_told: false });
    }

    /// I5 for claims: one may be on its way while the next epoch comes, but no longer than a lease.
    fn rising_epoch(&mut self, partition: PartitionId, by: &By) {
        let lease = self.docket.settings.lease;
        let life = self.group.life(&by.holder.member, by.holder.session);
        let epoch = by.holder.epoch;
        let Some((highest, since)) = life.claimed.filter(|(highest, _)| *highest >= epoch) else {
            life.claimed = Some((epoch, by.at));
            return;
        };
        if highest == epoch || by.at.since(since) <= lease {
            return;
        }
        self.docket.charge(Charge {
            class: Class::StaleEpoch,
            rule: Rule::I5,
            count: 1,
            partition: Some(partition),
            sequences: vec![],
            at: by.at,
            culprit: by.culprit(),
            detail: format!(
                "{} claimed under epoch {} though it had claimed under epoch {} before",
                by.holder.member, epoch.0, highest.0
            ),
            evidence: vec![
                note(format!("its first claim under epoch {}", highest.0), Some(since)),
                by.shows("the stale claim"),
            ],
        });
    }

    pub(crate) fn wait(&mut self, case: Case) {
        self.cases.push_back(case);
        if self.cases.len() > CASES_MAX {
            self.decide_front();
        }
    }
}
