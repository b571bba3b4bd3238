//! The ring's answer for many partitions at once, without the ring.
//!
//! A ring of 10,000 members has 1.5 million points, and sorting them costs more than all the rest
//! of an assignment. Here the partitions are sorted instead, of which there are few after a small
//! change, and one pass over the points in any order finds who comes next after each. The answers
//! are those of [`super::ring::Ring`]; a test holds the two against each other.

use model::PartitionId;

use super::ring::Position;
use super::{Members, Seat};

/// The ring's owner of every one of `partitions`, on a ring of `candidates` only.
pub(super) fn ring_owners(
    partitions: &[PartitionId],
    members: &Members,
    candidates: &[Seat],
    virtual_nodes: u32,
) -> Vec<Seat> {
    assert!(!candidates.is_empty(), "a ring needs a member");
    if partitions.is_empty() {
        return Vec::new();
    }
    let mut gaps = Gaps::new(partitions);
    for &seat in candidates {
        for position in Position::of_member(members.at(seat), virtual_nodes) {
            gaps.offer(position, seat);
        }
    }
    let mut owners = vec![candidates[0]; partitions.len()];
    for (index, seat) in gaps.settle() {
        owners[index as usize] = seat;
    }
    owners
}

/// The stretch of the ring from one partition to the next.
#[derive(Clone, Copy)]
struct Gap {
    start: Position,
    /// From the start to the nearest point in the gap, if `nearest` is one.
    distance: u64,
    nearest: Option<Seat>,
    /// Of the partition at its start, among those asked for.
    index: u32,
}

/// All gaps in ring order, with an index by the upmost bits of their starts: about one gap an
/// entry.
struct Gaps {
    sorted: Vec<Gap>,
    /// How many gaps start below the positions whose upmost bits are the index.
    below: Vec<u32>,
    shift: u32,
}

impl Gaps {
    fn new(partitions: &[PartitionId]) -> Self {
        let shift = u64::BITS - (partitions.len() as u64 + 1).next_power_of_two().ilog2();
        let mut below = vec![0; (1 << (u64::BITS - shift)) + 1];
        let starts: Vec<_> = partitions.iter().map(|&p| Position::of_partition(p)).collect();
        for start in &starts {
            below[(start.0 >> shift) as usize + 1] += 1;
        }
        for bucket in 1..below.len() {
            below[bucket] += below[bucket - 1];
        }
        let mut free = below.clone();
        let nowhere = Gap { start: Position(0), distance: u64::MAX, nearest: None, index: 0 };
        let mut sorted = vec![nowhere; starts.len()];
        for (index, start) in (0..).zip(starts) {
            let slot = &mut free[(start.0 >> shift) as usize];
            sorted[*slot as usize] = Gap { start, index, ..nowhere };
            *slot += 1;
        }
        for bucket in below.windows(2) {
            let bucket = &mut sorted[bucket[0] as usize..bucket[1] as usize];
            bucket.sort_unstable_by_key(|gap| (gap.start, gap.index));
        }
        Self { sorted, below, shift }
    }

    /// A point of `seat` lies at `position`.
    fn offer(&mut self, position: Position, seat: Seat) {
        let bucket = (position.0 >> self.shift) as usize;
        let (start, end) = (self.below[bucket] as usize, self.below[bucket + 1] as usize);
        let passed = self.sorted[start..end].iter().filter(|gap| gap.start <= position).count();
        let around = self.sorted.len() - 1;
        let gap = &mut self.sorted[(start + passed).checked_sub(1).unwrap_or(around)];
        let distance = position.0.wrapping_sub(gap.start.0);
        if gap.nearest.is_none() || distance < gap.distance {
            (gap.distance, gap.nearest) = (distance, Some(seat));
        }
    }

    /// Every partition's index with its owner. A gap without a point shares that of the next gap.
    fn settle(self) -> impl Iterator<Item = (u32, Seat)> {
        let first = self.sorted.iter().find_map(|gap| gap.nearest);
        let mut next = first.expect("there is a point");
        self.sorted.into_iter().rev().map(move |gap| {
            next = gap.nearest.unwrap_or(next);
            (gap.index, next)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemberId;
    use crate::strategy::ring::Ring;

    proptest! {
        #[test]
        fn the_sweep_answers_as_the_ring_does(
            names in proptest::collection::btree_set("[a-z]{1,4}", 1..20),
            partitions in proptest::collection::vec(any::<u32>().prop_map(PartitionId), 0..200),
            virtual_nodes in 0u32..40,
        ) {
            let members: Members =
                names.into_iter().map(|name| MemberId::new(name).unwrap()).collect();
            let ring = Ring::new(&members, virtual_nodes);
            let everyone: Vec<_> = members.seats().collect();
            let answers = ring_owners(&partitions, &members, &everyone, virtual_nodes);
            prop_assert_eq!(answers.len(), partitions.len());
            for (partition, answer) in partitions.iter().zip(answers) {
                prop_assert_eq!(ring.owner(*partition), Some(answer));
            }
        }
    }
}
