//! How much an assignment moves, and how much no strategy could have avoided.

use super::share::Share;
use super::{Assignment, Input};

/// Partitions that change hands, and their weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// How many partitions.
    pub partitions: u64,
    /// The sum of their weights.
    pub weight: u64,
}

impl Moves {
    fn add(&mut self, weight: u64) {
        self.partitions += 1;
        self.weight += weight;
    }
}

impl Input<'_> {
    /// What moves from the current owners to `target`. An orphan that finds an owner moves.
    ///
    /// `target` must be an answer to this input.
    pub fn moves_to(&self, target: &Assignment) -> Moves {
        let mut moves = Moves::default();
        for ((partition, owner), next) in self.ownership().zip(target.seats()) {
            if owner != *next {
                moves.add(self.load_of(partition));
            }
        }
        moves
    }
}

/// A lower bound of what the change in `input` must move:
///
/// `orphans + max(0, joiners × share − orphans, Σ max(0, load − bound))`
///
/// - *orphans*: the partitions without a live owner;
/// - *joiners*: the members that own nothing now, and *share* what each must get: the mean load of
///   a member, without the partitions that are heavier than a share all by themselves. The orphans
///   can be part of it;
/// - *bound*: `max(load_bound × mean, heaviest partition, what the fullest member owns in any
///   assignment)`; what a member owns above it must go, if there are joiners to take it. The last
///   term is the largest, for k from 0 to 19, of the k + 1 lightest among the k × members + 1
///   heaviest partitions: one member must own k + 1 of these.
///
/// Share and bound are rounded down to a multiple of the weights' greatest common divisor.
///
/// The weight is the one to judge by. The number of partitions assumes that the heaviest ones are
/// moved, and is tight only where weights are equal. Without members nothing can move.
pub fn unavoidable(input: &Input<'_>, load_bound: f64) -> Moves {
    let mut moves = Moves::default();
    if input.members().is_empty() {
        return moves;
    }
    let mut loads = vec![0; input.members().len()];
    let mut kept = Vec::new();
    for (partition, owner) in input.ownership() {
        let load = input.load_of(partition);
        match owner {
            None => moves.add(load),
            Some(seat) => {
                loads[seat.index()] += load;
                kept.push(load);
            }
        }
    }
    let mut missing = lacking(input, load_bound, &loads, moves.weight);
    moves.weight += missing;
    kept.sort_unstable();
    while missing > 0 {
        let heaviest = kept.pop().expect("what is missing is owned by someone");
        missing = missing.saturating_sub(heaviest);
        moves.partitions += 1;
    }
    moves
}

/// The weight that must move besides the orphans.
fn lacking(input: &Input<'_>, load_bound: f64, loads: &[u64], orphans: u64) -> u64 {
    let joiners = loads.iter().filter(|&&load| load == 0).count() as u64;
    if joiners == 0 {
        return 0;
    }
    let share = Share::of(input, load_bound);
    let step = input.loads().fold(0, greatest_common_divisor).max(1);
    let bound = share.attainable_bound(input) / step * step;
    let excess = loads.iter().map(|&load| load.saturating_sub(bound)).sum();
    (joiners * (share.level / step * step)).saturating_sub(orphans).max(excess)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if a == 1 || b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
