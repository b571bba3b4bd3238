//! Plans, and what became of them: which partitions moved, which of them had to, how long it took.
//!
//! What *had* to move is counted here, not taken from the leader: partitions whose owner was gone,
//! the fair share of members that joined (less what they got of the former), and, if any joined,
//! what others own beyond the bound of a balanced group.

use std::collections::VecDeque;

use model::{PartitionId, Timestamp, Weights};
use parti::MemberId;
use parti::records::{Epoch, Plan};
use serde::{Deserialize, Serialize};

use crate::docket::Docket;
use crate::moves::{Load, Open, judge};
use crate::timeline::Happening;
use crate::{Event, Rebalance};

/// Plans that are open for claims to be counted on.
const OPEN_MAX: usize = 64;
/// Plans that are kept for the report.
const KEPT_MAX: usize = 10_000;

/// A claim by another member than the one before.
pub(crate) struct Move<'a> {
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub to: &'a MemberId,
    /// The member before, if there was one and it was not gone.
    pub from_live: Option<&'a MemberId>,
}

/// A plan that no more claims are counted on: its epoch, and what it moved and had to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Closed(pub Epoch, u32, u32);

impl Closed {
    /// As the replay is told.
    pub fn happening(self) -> Happening {
        Happening::Closed { epoch: self.0, moved: self.1.into(), needed: self.2.into() }
    }
}

/// All plans.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rebalances {
    open: VecDeque<Open>,
    kept: VecDeque<Rebalance>,
    closed: Vec<Closed>,
    pub count: u64,
    /// Moves from one live member to another.
    pub voluntary: u64,
    pub newest: Epoch,
}

impl Rebalances {
    /// A plan was made.
    pub fn plan(&mut self, at: Timestamp, plan: Plan, relief: Load, docket: &mut Docket) {
        while self.open.len() >= OPEN_MAX || self.open.len() > 1 && self.is_front_settled() {
            self.close_front(docket);
        }
        let weights = docket.settings.weights.as_ref();
        let total = weights.map_or(f64::from(docket.settings.partitions), |w| w.total() as f64);
        let joiners = plan.joined.len() as f64 / f64::from(plan.members.max(1));
        let count = f64::from(docket.settings.partitions) * joiners;
        // What the overloaded give is what the joiners take: the greater of the two is needed.
        let share =
            Load { count: count.max(relief.count), weight: (total * joiners).max(relief.weight) };
        let rebalance = Rebalance {
            at,
            term: plan.term,
            epoch: plan.epoch,
            cause: cause(&plan),
            leader: plan.leader,
            members: plan.members,
            moved: 0,
            voluntary: 0,
            needed: 0,
            planned_moved: plan.moved,
            planned_needed: plan.needed,
            seconds: None,
        };
        self.count += 1;
        self.newest = self.newest.max(plan.epoch);
        docket.events.push(Event::Planned(rebalance.clone()));
        self.open.push_back(Open {
            rebalance,
            joined: plan.joined,
            granted: false,
            share,
            orphans: Load::default(),
            orphans_to_joiners: Load::default(),
            voluntary: Load::default(),
        });
    }

    /// Grants under `epoch` were written.
    pub fn granted(&mut self, epoch: Epoch) {
        self.newest = self.newest.max(epoch);
        for open in &mut self.open {
            open.granted |= open.rebalance.epoch <= epoch;
        }
    }

    /// A partition moved.
    pub fn moved(&mut self, of: &Move<'_>, weights: Option<&Weights>) {
        let covers = |open: &&mut Open| open.rebalance.epoch <= of.epoch;
        let weight = weights.and_then(|w| w.get(of.partition)).map_or(1.0, |w| f64::from(w.0));
        self.voluntary += u64::from(of.from_live.is_some());
        let Some(open) = self.open.iter_mut().rev().find(covers) else { return };
        match of.from_live {
            Some(_) => open.voluntary.add(weight),
            _ => {
                open.orphans.add(weight);
                if open.joined.contains(of.to) {
                    open.orphans_to_joiners.add(weight);
                }
            }
        }
        open.refresh();
    }

    /// Every partition is owned by whom it is granted to.
    pub fn settle(&mut self, at: Timestamp, docket: &mut Docket) {
        let made = self.open.iter().take_while(|open| open.rebalance.at <= at).count();
        let Some(last) = made.checked_sub(1).map(|index| &self.open[index].rebalance) else {
            return;
        };
        if !self.open[made - 1].granted || u64::from(last.moved) < last.planned_moved {
            return;
        }
        for open in self.open.iter_mut().take(made) {
            if open.rebalance.seconds.is_none() {
                open.rebalance.seconds = Some(at.since(open.rebalance.at).as_secs_f64());
                docket.events.push(Event::Settled(open.rebalance.clone()));
            }
        }
    }

    /// No more claims will come: judges what is open.
    pub fn finish(&mut self, docket: &mut Docket) {
        while !self.open.is_empty() {
            self.close_front(docket);
        }
    }

    /// The plans that were closed since the last call.
    pub fn take_closed(&mut self) -> Vec<Closed> {
        std::mem::take(&mut self.closed)
    }

    /// The plans that are remembered.
    pub fn all(&self) -> impl Iterator<Item = &Rebalance> {
        self.kept.iter().chain(self.open.iter().map(|open| &open.rebalance))
    }

    fn is_front_settled(&self) -> bool {
        self.open.front().is_some_and(|open| open.rebalance.seconds.is_some())
    }

    fn close_front(&mut self, docket: &mut Docket) {
        let Some(open) = self.open.pop_front() else { return };
        if let Some(next) = self.open.front_mut() {
            next.inherit(&open);
        }
        judge(&open, docket);
        let of = &open.rebalance;
        self.closed.push(Closed(of.epoch, of.moved, of.needed));
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(open.rebalance);
    }
}

fn cause(plan: &Plan) -> String {
    const NAMED_MAX: usize = 5;
    let part = |verb: &str, members: &[MemberId]| {
        let named = members.iter().take(NAMED_MAX).map(MemberId::as_str).collect::<Vec<_>>();
        let rest = members.len().saturating_sub(NAMED_MAX);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        (!members.is_empty()).then(|| format!("{verb} {}{rest}", named.join(", ")))
    };
    let parts =
        [part("joined", &plan.joined), part("left", &plan.left), part("expired", &plan.expired)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "no change of members".into() } else { parts.join("; ") }
}
