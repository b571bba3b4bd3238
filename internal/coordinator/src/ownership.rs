//! Who holds a partition: its chain of claims in the ledger, and its seat in the group.

use std::collections::VecDeque;
use std::sync::Arc;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, Term};
use serde::{Deserialize, Serialize};

use crate::docket::{By, Charge, Docket};
use crate::{Class, Evidence, Rule};

/// The newest claim of a partition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub by: By,
    /// The holder's newest record under this claim.
    pub last_at: Timestamp,
    pub released_at: Option<Timestamp>,
}

/// The chain of one partition, as the ledger alone shows it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Chain {
    pub claim: Option<Claim>,
    pub last: Seq,
}

impl Chain {
    /// A claim. Returns the claim before it.
    pub fn claimed(&mut self, p: PartitionId, by: &By, docket: &mut Docket) -> Option<Claim> {
        let claim = Claim { by: by.clone(), last_at: by.at, released_at: None };
        let previous = self.claim.replace(claim)?;
        if rank(&by.holder) <= rank(&previous.by.holder) {
            let evidence = vec![previous.by.shows("the claim before"), by.shows("the stale claim")];
            let (new, old) = (&by.holder, &previous.by.holder);
            let detail = format!(
                "{} claimed under epoch {} of term {} after a claim under epoch {} of term {}",
                new.member, new.epoch.0, new.term.0, old.epoch.0, old.term.0
            );
            docket.charge(charge(Class::StaleEpoch, Rule::I3, p, by, detail, evidence));
        }
        Some(previous)
    }

    /// An effect or a release, which stands under `claim`.
    pub fn acted(&mut self, p: PartitionId, by: &By, claim: Seq, docket: &mut Docket) {
        let newest = self.claim.as_ref();
        let own = newest.is_some_and(|newest| {
            newest.by.ledger == claim
                && newest.by.holder == by.holder
                && newest.released_at.is_none()
        });
        if !own {
            let mut evidence: Vec<Evidence> = Vec::new();
            if let Some(newest) = newest {
                let released = if newest.released_at.is_some() { ", released since" } else { "" };
                evidence.push(newest.by.shows(format!("the newest claim{released}")));
            }
            evidence.push(by.shows(format!("an accepted record under claim {claim}")));
            let detail = format!("{} acted on a claim that it no longer held", by.holder.member);
            docket.charge(charge(Class::TwoOwners, Rule::I2, p, by, detail, evidence));
        }
        if let Some(newest) = &mut self.claim
            && own
        {
            newest.last_at = by.at;
        }
    }
}

/// By what claims must rise.
fn rank(holder: &Holder) -> (Term, Epoch, u64) {
    (holder.term, holder.epoch, holder.session.0)
}

fn charge(
    class: Class,
    rule: Rule,
    partition: PartitionId,
    by: &By,
    detail: String,
    evidence: Vec<Evidence>,
) -> Charge {
    Charge {
        class,
        rule,
        count: 1,
        partition: Some(partition),
        sequences: vec![],
        at: by.at,
        culprit: by.culprit(),
        detail,
        evidence,
    }
}

/// A claim or release whose meaning depends on what the group's stream says of that time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Case {
    pub partition: PartitionId,
    pub by: By,
    /// The claim before it; for a release, the claim that is released.
    pub previous: Option<Claim>,
    pub is_release: bool,
    /// Nothing fences it, and nobody promised that there is one owner.
    #[serde(default)]
    pub is_told: bool,
}

/// Members to whom a partition was granted since its last claim, that are remembered.
const GRANTEES_MAX: usize = 8;

/// What the group made of one partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// Who holds it and has not let go.
    pub owner: Option<Arc<Holder>>,
    /// To whom it was granted last.
    pub granted: Option<Arc<MemberId>>,
    /// The epoch by which that grant was taken back.
    pub revoked: Option<Epoch>,
    /// To whom it was granted since its last claim, and when.
    pub grantees: VecDeque<(Timestamp, Arc<MemberId>)>,
}

impl Seat {
    fn is_settled(&self) -> bool {
        let owner = self.owner.as_ref().map(|owner| &owner.member);
        owner.is_some() && owner == self.granted.as_deref() && self.revoked.is_none()
    }
}

/// Every partition's seat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Seats {
    seats: Vec<Seat>,
    settled: u32,
}

impl Seats {
    pub fn new(partitions: u32) -> Self {
        Self { seats: vec![Seat::default(); partitions as usize], settled: 0 }
    }

    pub fn len(&self) -> usize {
        self.seats.len()
    }

    pub fn get(&self, partition: PartitionId) -> &Seat {
        &self.seats[partition.0 as usize]
    }

    /// Changes a seat.
    pub fn change(&mut self, partition: PartitionId, change: impl FnOnce(&mut Seat)) {
        let Some(seat) = self.seats.get_mut(partition.0 as usize) else { return };
        self.settled -= u32::from(seat.is_settled());
        change(seat);
        if seat.grantees.len() > GRANTEES_MAX {
            seat.grantees.pop_front();
        }
        self.settled += u32::from(seat.is_settled());
    }

    /// A member is gone: nothing is granted to it any more.
    pub fn free(&mut self, member: &MemberId) {
        for index in 0..self.seats.len() {
            if self.seats[index].granted.as_deref() == Some(member) {
                let partition = PartitionId(u32::try_from(index).expect("built from a u32 count"));
                self.change(partition, |seat| (seat.granted, seat.revoked) = (None, None));
            }
        }
    }

    /// Whether every partition is owned by whom it is granted to.
    pub fn all_settled(&self) -> bool {
        self.settled as usize == self.seats.len()
    }
}
