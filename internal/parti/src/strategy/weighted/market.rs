//! Givers and takers: who meets whom, and when it ends. What is handed over is the rules' affair.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::hoards::Hoards;
use super::state::State;
use crate::strategy::Seat;
use crate::strategy::share::Share;

/// How a giver is ranked, and which piece of its hoard it gives to a taker.
pub(super) struct Rule {
    pub(super) rank: fn(&mut Market<'_, '_>, Seat) -> u64,
    pub(super) piece: fn(&mut Offer<'_, '_>) -> Option<usize>,
}

/// Where partitions change hands.
pub(super) struct Market<'s, 'a> {
    state: &'s mut State<'a>,
    hoards: Hoards<'a>,
    share: Share,
    /// What every member owns in pieces that are more than gravel.
    boulders: Vec<u64>,
    /// The weight that may still be moved.
    budget: u64,
}

impl<'s, 'a> Market<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>, share: Share, budget: u64) -> Self {
        let hoards = Hoards::new(state);
        let boulders = state.heavier_than(gravel(share));
        Self { state, hoards, share, boulders, budget }
    }

    /// What a member owns in pieces that are more than gravel.
    pub(super) fn boulders(&self, seat: Seat) -> u64 {
        self.boulders[seat.index()]
    }

    pub(super) fn load(&self, seat: Seat) -> u64 {
        self.state.load(seat)
    }

    /// What would be left to a giver after its lightest piece.
    pub(super) fn load_after_lightest(&mut self, seat: Seat) -> u64 {
        self.load(seat) - self.hoards.lightest(seat).unwrap_or(0)
    }

    /// The members whose load is as asked for.
    pub(super) fn seats(&self, with_load: impl Fn(u64) -> bool) -> Vec<Seat> {
        let seats = self.state.input.members().seats();
        seats.filter(|&seat| with_load(self.load(seat))).collect()
    }

    /// The highest ranked giver gives to the least loaded taker, again and again.
    ///
    /// A giver that has nothing to offer to the least loaded taker is dismissed: takers only get
    /// fuller, givers only poorer. So every turn hands over a partition, and brings the two loads
    /// closer, or dismisses a giver: it ends.
    pub(super) fn trade(&mut self, givers: &[Seat], takers: &[Seat], rule: &Rule) {
        if takers.is_empty() {
            return;
        }
        let mut givers: BinaryHeap<_> =
            givers.iter().map(|&seat| ((rule.rank)(self, seat), Reverse(seat))).collect();
        let mut takers: BinaryHeap<_> =
            takers.iter().map(|&seat| Reverse((self.load(seat), seat))).collect();
        while let (Some(mut first), Some(mut last)) = (givers.peek_mut(), takers.peek_mut()) {
            let ((_, Reverse(giver)), Reverse((_, taker))) = (*first, *last);
            let Some(place) = (rule.piece)(&mut self.offer(giver, taker)) else {
                PeekMut::pop(first);
                continue;
            };
            self.hand_over(giver, taker, place);
            *first = ((rule.rank)(self, giver), Reverse(giver));
            *last = Reverse((self.load(taker), taker));
        }
    }

    fn offer(&mut self, giver: Seat, taker: Seat) -> Offer<'_, 'a> {
        let (rich, poor) = (self.state.load(giver), self.state.load(taker));
        let Share { level, bound } = self.share;
        let gravel = gravel(self.share);
        Offer {
            rich,
            poor,
            level,
            bound,
            gravel,
            budget: self.budget,
            giver,
            hoards: &mut self.hoards,
        }
    }

    fn hand_over(&mut self, giver: Seat, taker: Seat, place: usize) {
        let (rich, poor) = (self.load(giver), self.load(taker));
        let partition = self.hoards.take(giver, place);
        self.hoards.put(taker, partition);
        self.state.give(partition, taker);
        let weight = rich - self.load(giver);
        if weight > gravel(self.share) {
            self.boulders[giver.index()] -= weight;
            self.boulders[taker.index()] += weight;
        }
        self.budget = self.budget.saturating_sub(weight);
        assert!(self.load(giver).max(self.load(taker)) < rich, "{rich} and {poor} are no better");
    }
}

/// A twentieth of what a member may own.
fn gravel(share: Share) -> u64 {
    (share.bound / 20).max(1)
}

/// One giver before one taker.
pub(super) struct Offer<'h, 'a> {
    /// The load of the giver.
    pub(super) rich: u64,
    /// The load of the taker.
    pub(super) poor: u64,
    /// The fair share.
    pub(super) level: u64,
    /// What nobody should exceed.
    pub(super) bound: u64,
    /// Pieces up to this weight fit nearly everywhere.
    pub(super) gravel: u64,
    /// The weight that may still be moved.
    budget: u64,
    giver: Seat,
    hoards: &'h mut Hoards<'a>,
}

impl Offer<'_, '_> {
    /// What the taker can get without exceeding `load`.
    pub(super) fn room(&self, load: u64) -> u64 {
        load.saturating_sub(self.poor).min(self.budget)
    }

    /// What the giver has above the fair share.
    pub(super) fn surplus(&self) -> u64 {
        self.rich.saturating_sub(self.level)
    }

    /// The most that can be given without turning the two around.
    pub(super) fn half_gap(&self) -> u64 {
        self.rich.saturating_sub(self.poor) / 2
    }

    /// The giver's heaviest piece of at most `limit`.
    pub(super) fn heaviest(&mut self, limit: u64) -> Option<usize> {
        self.hoards.heaviest(self.giver, limit)
    }

    /// The weight of the giver's piece at `place`.
    pub(super) fn weight(&mut self, place: usize) -> u64 {
        self.hoards.weight(self.giver, place)
    }

    /// The weight of the giver's lightest piece, which is the first.
    pub(super) fn lightest(&mut self) -> Option<u64> {
        self.hoards.lightest(self.giver)
    }
}
