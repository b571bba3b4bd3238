//! What every member owns, lightest first, while partitions are handed over.

use std::collections::VecDeque;

use model::PartitionId;

use super::state::State;
use crate::strategy::{Input, Seat};

/// One list a member; sorted when it is first looked at.
pub(super) struct Hoards<'a> {
    input: &'a Input<'a>,
    lists: Vec<VecDeque<PartitionId>>,
    sorted: Vec<bool>,
}

impl<'a> Hoards<'a> {
    pub(super) fn new(state: &State<'a>) -> Self {
        let lists: Vec<_> = state.hoards().into_iter().map(VecDeque::from).collect();
        let sorted = vec![false; lists.len()];
        Self { input: state.input, lists, sorted }
    }

    /// What every member owns in partitions heavier than `light`.
    pub(super) fn heavier_than(&self, light: u64) -> Vec<u64> {
        let weights = |list: &VecDeque<_>| -> u64 {
            list.iter().map(|&p| self.input.load_of(p)).filter(|&load| load > light).sum()
        };
        self.lists.iter().map(weights).collect()
    }

    /// The heaviest partition of `seat` that is no heavier than `limit`: its place in the list.
    pub(super) fn heaviest(&mut self, seat: Seat, limit: u64) -> Option<usize> {
        let input = self.input;
        self.list(seat).partition_point(|&p| input.load_of(p) <= limit).checked_sub(1)
    }

    /// The weight of the lightest partition of `seat`.
    pub(super) fn lightest(&mut self, seat: Seat) -> Option<u64> {
        let input = self.input;
        self.list(seat).front().map(|&p| input.load_of(p))
    }

    /// The weight of the partition of `seat` at `place`.
    pub(super) fn weight(&mut self, seat: Seat, place: usize) -> u64 {
        let input = self.input;
        input.load_of(self.list(seat)[place])
    }

    /// Takes the partition at `place` away from `seat`. Quick at both ends.
    pub(super) fn take(&mut self, seat: Seat, place: usize) -> PartitionId {
        self.list(seat).remove(place).expect("the place was found in this list")
    }

    /// Adds a partition to what `seat` owns.
    pub(super) fn put(&mut self, seat: Seat, partition: PartitionId) {
        self.lists[seat.index()].push_back(partition);
        self.sorted[seat.index()] = false;
    }

    fn list(&mut self, seat: Seat) -> &mut VecDeque<PartitionId> {
        let list = &mut self.lists[seat.index()];
        if !std::mem::replace(&mut self.sorted[seat.index()], true) {
            list.make_contiguous().sort_by_key(|&p| self.input.load_of(p));
        }
        list
    }
}
