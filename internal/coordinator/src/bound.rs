//! The bound on gaps: a run that loses every second message must not fill the memory of its judge.
//!
//! When a set of an account has too many runs, the older half of them is decided early: what is
//! missing there is counted as lost, and the sets are closed up to that point. What still comes below
//! it later counts as a repetition; such a run has failed long before.
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::losses::parts;
use crate::{Range, Seen};

/// Runs that one set of one partition may have.
const RUNS_MAX: usize = 1_000;

/// What was decided early.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Decided {
    /// How many runs a set may have until the next look at it.
    pub runs_max: usize,
    /// Everything up to this sequence is decided.
    pub through: u64,
    pub lost_by_broker: u64,
    #[serde(default)]
    pub lost_by_producer: u64,
    pub lost_in_delivery: u64,
    pub unexpected: u64,
}

impl Default for Decided {
    fn default() -> Self {
        Self {
            runs_max: RUNS_MAX,
            through: 0,
            lost_by_broker: 0,
            lost_by_producer: 0,
            lost_in_delivery: 0,
            unexpected: 0,
        }
    }
}

impl Account {
    /// Decides the older half if there are too many gaps.
    pub fn bound(&mut self) {
        if self.widest() <= self.decided.runs_max {
            return;
        }
        let widest = self.sets().into_iter().max_by_key(|set| set.runs());
        let Some(widest) = widest else { return };
        let half = widest.ranges().nth(widest.runs() / 2).map_or(0, |run| run.1);
        let waits = self.pending.iter().map(|message| message.seq).min();
        let known = self.stored.last().unwrap_or(0);
        let through = half.min(known).min(waits.map_or(u64::MAX, |seq| seq - 1));
        if through > self.decided.through {
            self.decide(through);
        }
        // What waits may be in the way: looks again when there is twice as much.
        self.decided.runs_max = (2 * self.widest()).max(RUNS_MAX);
    }

    fn sets(&self) -> [&Seen; 7] {
        let [acked, sent, stored] = [&self.acked, &self.sent, &self.stored];
        let [effects, passed] = [&self.effects, &self.passed];
        [acked, sent, stored, effects, passed, &self.spoiled, &self.misordered]
    }

    fn widest(&self) -> usize {
        self.sets().into_iter().map(Seen::runs).max().unwrap_or(0)
    }

    fn decide(&mut self, through: u64) {
        let below = |ranges: Vec<Range>| -> u64 {
            let cut = ranges.into_iter().map(|range| Range(range.0, range.1.min(through)));
            cut.filter(|range| range.0 <= range.1).map(Range::count).sum()
        };
        let missing = |one: &Seen, other| parts(&one.minus(other), &self.spoiled, false);
        let lost_by_broker = below(missing(&self.acked, &self.stored));
        let lost_by_producer = below(self.unused_numbers());
        let lost_in_delivery = below(self.stored.minus(&self.effects));
        let unexpected = below(missing(&self.effects, &self.sent));
        self.decided = Decided {
            runs_max: self.decided.runs_max,
            through,
            lost_by_broker: self.decided.lost_by_broker + lost_by_broker,
            lost_by_producer: self.decided.lost_by_producer + lost_by_producer,
            lost_in_delivery: self.decided.lost_in_delivery + lost_in_delivery,
            unexpected: self.decided.unexpected + unexpected,
        };
        let sets = [&mut self.acked, &mut self.sent, &mut self.stored, &mut self.effects];
        let others = [&mut self.passed, &mut self.spoiled, &mut self.misordered];
        for set in sets.into_iter().chain(others) {
            set.insert_range(Range(1, through));
        }
    }
}
