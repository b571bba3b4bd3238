//! What every member owns, lightest first, while partitions are handed over.
//!
//! Few members are looked at when one has joined, so a list is made when it is first asked for. The
//! weights lie in the lists: looked up one by one, they would be all over the memory.

use std::collections::VecDeque;

use model::PartitionId;

use super::state::State;
use crate::strategy::{Input, Seat};

/// One list a member; made and sorted when it is first looked at.
pub(super) struct Hoards<'a> {
    input: &'a Input<'a>,
    /// What everybody owned at first, in the order of members and then of partitions.
    flat: Vec<PartitionId>,
    /// Where the partitions of each member begin there, and those of the last one end.
    starts: Vec<usize>,
    lists: Vec<Option<List>>,
}

struct List {
    pieces: VecDeque<Piece>,
    is_sorted: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    load: u32,
    partition: PartitionId,
}

impl Piece {
    fn new(input: &Input<'_>, partition: PartitionId) -> Self {
        let load = u32::try_from(input.load_of(partition)).expect("a weight is a u32");
        Self { load, partition }
    }
}

impl<'a> Hoards<'a> {
    pub(super) fn new(state: &State<'a>) -> Self {
        let (flat, starts) = state.by_owner();
        let lists = (1..starts.len()).map(|_| None).collect();
        Self { input: state.input, flat, starts, lists }
    }

    /// The heaviest partition of `seat` that is no heavier than `limit`: its place in the list.
    pub(super) fn heaviest(&mut self, seat: Seat, limit: u64) -> Option<usize> {
        if limit == 0 {
            return None;
        }
        let pieces = self.sorted(seat);
        let fits = |piece: &Piece| u64::from(piece.load) <= limit;
        match pieces.back() {
            Some(heaviest) if !fits(heaviest) => pieces.partition_point(fits).checked_sub(1),
            _ => pieces.len().checked_sub(1),
        }
    }

    /// The weight of the lightest partition of `seat`.
    pub(super) fn lightest(&mut self, seat: Seat) -> Option<u64> {
        self.sorted(seat).front().map(|piece| u64::from(piece.load))
    }

    /// The weight of the partition of `seat` at `place`.
    pub(super) fn weight(&mut self, seat: Seat, place: usize) -> u64 {
        u64::from(self.sorted(seat)[place].load)
    }

    /// Takes the partition at `place` away from `seat`. Quick at both ends.
    pub(super) fn take(&mut self, seat: Seat, place: usize) -> PartitionId {
        let piece = self.sorted(seat).remove(place);
        piece.expect("the place was found in this list").partition
    }

    /// Adds a partition to what `seat` owns.
    pub(super) fn put(&mut self, seat: Seat, partition: PartitionId) {
        let piece = Piece::new(self.input, partition);
        let list = self.list(seat);
        list.pieces.push_back(piece);
        list.is_sorted = false;
    }

    fn sorted(&mut self, seat: Seat) -> &mut VecDeque<Piece> {
        let list = self.list(seat);
        if !std::mem::replace(&mut list.is_sorted, true) {
            list.pieces.make_contiguous().sort_by_key(|piece| piece.load);
        }
        &mut list.pieces
    }

    fn list(&mut self, seat: Seat) -> &mut List {
        let (input, index) = (self.input, seat.index());
        let owned = &self.flat[self.starts[index]..self.starts[index + 1]];
        self.lists[index].get_or_insert_with(|| {
            let piece = |&partition| Piece::new(input, partition);
            List { pieces: owned.iter().map(piece).collect(), is_sorted: false }
        })
    }
}
