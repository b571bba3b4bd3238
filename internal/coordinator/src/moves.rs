//! What one plan moved, and whether it needed to (I7).

use std::collections::BTreeMap;
use std::sync::Arc;

use model::PartitionId;
use parti::MemberId;
use parti::records::Plan;
use serde::{Deserialize, Serialize};

use crate::docket::{Charge, Docket, note};
use crate::judge::Judge;
use crate::life::Life;
use crate::{Class, Culprit, Rebalance, Rule};

/// Moves beyond what is needed that are tolerated, as a factor.
const SLACK: f64 = 1.2;

/// Partitions, counted and weighed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Load {
    pub count: f64,
    pub weight: f64,
}

impl Load {
    pub fn add(&mut self, weight: f64) {
        self.count += 1.0;
        self.weight += weight;
    }

    fn times(self, factor: f64) -> Load {
        Load { count: self.count * factor, weight: self.weight * factor }
    }

    fn less(self, other: Load) -> Load {
        Load {
            count: (self.count - other.count).max(0.0),
            weight: (self.weight - other.weight).max(0.0),
        }
    }
}

/// A plan that claims are counted on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    pub rebalance: Rebalance,
    pub joined: Vec<MemberId>,
    pub granted: bool,
    /// The joiners' fair share.
    pub share: Load,
    pub orphans: Load,
    pub orphans_to_joiners: Load,
    pub voluntary: Load,
}

impl Open {
    fn needed(&self) -> Load {
        let rest = self.share.less(self.orphans_to_joiners);
        Load {
            count: self.orphans.count + rest.count.ceil(),
            weight: self.orphans.weight + rest.weight,
        }
    }

    /// The plan before was not carried out when this one was made: what it might still have moved,
    /// by what was needed and is tolerated, this one may.
    pub fn inherit(&mut self, before: &Open) {
        let span = self.rebalance.at.since(before.rebalance.at).as_secs_f64();
        if before.rebalance.seconds.is_some_and(|seconds| seconds <= span) {
            return;
        }
        let tolerated = before.share.times(SLACK);
        let rest = tolerated.less(before.orphans_to_joiners).less(before.voluntary);
        let rest = rest.times(1.0 / SLACK);
        // Less than one partition is the rounding of what is tolerated.
        if rest.count < 1.0 {
            return;
        }
        self.share.count += rest.count.floor();
        self.share.weight += rest.weight;
        self.refresh();
    }

    /// Updates what is reported.
    pub fn refresh(&mut self) {
        let moved = self.orphans.count + self.voluntary.count;
        self.rebalance.moved = moved as u32;
        self.rebalance.voluntary = self.voluntary.count as u32;
        self.rebalance.needed = self.needed().count.min(moved) as u32;
    }
}

/// How far above the mean a member may be before a plan may take from it.
const LOAD_BOUND: f64 = 1.05;

impl Judge {
    /// What live members own beyond the bound when `plan` is made: members that join may take it.
    pub(crate) fn overload(&self, plan: &Plan) -> Load {
        let mut relief = Load::default();
        if plan.joined.is_empty() {
            return relief;
        }
        let weights = self.docket.settings.weights.as_ref();
        let of = |p| weights.and_then(|w| w.get(p)).map_or(1.0, |w| f64::from(w.0));
        let (mut loads, mut total, mut heaviest) = (BTreeMap::new(), 0.0, 0f64);
        for partition in (0..self.docket.settings.partitions).map(PartitionId) {
            let weight = of(partition);
            total += weight;
            heaviest = heaviest.max(weight);
            let owner = self.seats.get(partition).granted.as_ref();
            let live =
                |member: &&Arc<MemberId>| self.group.current(member).is_some_and(Life::is_live);
            if let Some(owner) = owner.filter(live) {
                let load: &mut Load = loads.entry(owner).or_default();
                load.add(weight);
            }
        }
        let bound = (LOAD_BOUND * total / f64::from(plan.members.max(1))).max(heaviest);
        for load in loads.values().filter(|load| load.weight > bound) {
            let beyond = load.weight - bound;
            relief.weight += beyond;
            relief.count += load.count * beyond / load.weight;
        }
        relief
    }
}

/// I7: a change moves no partition that it need not move.
pub(crate) fn judge(open: &Open, docket: &mut Docket) {
    if !docket.settings.sticky {
        return;
    }
    let needed = open.needed();
    let moved = Load {
        count: open.orphans.count + open.voluntary.count,
        weight: open.orphans.weight + open.voluntary.weight,
    };
    let heaviest = docket.settings.weights.as_ref();
    let heaviest = heaviest.and_then(|w| w.iter().map(|(_, w)| w.0).max()).map_or(1.0, f64::from);
    let by_count = moved.count > (SLACK * needed.count).floor() + 1.0;
    let by_weight = moved.weight > SLACK * needed.weight + heaviest;
    if !by_count || !by_weight {
        return;
    }
    let of = &open.rebalance;
    docket.charge(Charge {
        class: Class::NeedlessMove,
        rule: Rule::I7,
        count: (moved.count - needed.count) as u64,
        partition: None,
        sequences: vec![],
        at: of.at,
        culprit: Culprit::Leader(of.leader.clone()),
        detail: format!(
            "epoch {} ({}) moved {} partitions, {} of them from members that stayed; needed were {}",
            of.epoch.0, of.cause, moved.count, open.voluntary.count, needed.count
        ),
        evidence: vec![note(
            format!("the plan: {} to be moved, {} needed", of.planned_moved, of.planned_needed),
            Some(of.at),
        )],
    });
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use parti::records::{Epoch, Term};

    use super::*;

    /// A plan that joiners made, with a share of `share` partitions, of which it moved `moved`.
    fn plan(share: f64, moved: f64) -> Open {
        let load = |partitions| Load { count: partitions, weight: partitions };
        Open {
            rebalance: Rebalance {
                at: Timestamp(0),
                term: Term(1),
                epoch: Epoch(1),
                cause: String::new(),
                leader: MemberId::new("a").unwrap(),
                members: 20,
                moved: 0,
                voluntary: 0,
                needed: 0,
                planned_moved: 0,
                planned_needed: 0,
                seconds: None,
            },
            joined: Vec::new(),
            granted: true,
            share: load(share),
            orphans: Load::default(),
            orphans_to_joiners: Load::default(),
            voluntary: load(moved),
        }
    }

    /// Whoever carries a plan on may move what its maker might still have moved, and no more.
    #[test]
    fn what_a_plan_may_move_is_shared_with_its_successor() {
        let (first, mut second) = (plan(60.0, 46.0), plan(0.0, 20.0));
        second.inherit(&first);
        let allowed = |open: &Open| SLACK * open.needed().count;
        assert!(allowed(&second) >= 20.0, "66 of 72 are tolerated in one go");
        assert!(allowed(&second) < 28.0, "{}", allowed(&second));
        let mut settled = plan(60.0, 46.0);
        settled.rebalance.seconds = Some(0.0);
        let mut third = plan(0.0, 20.0);
        third.inherit(&settled);
        assert_eq!(allowed(&third), 0.0, "it was carried out");
    }
}
