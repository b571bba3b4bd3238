//! Random groups, weights and histories, and the yardsticks that the promises are held to.

use model::{PartitionId, Seed, Weight, Weights};
use parti::MemberId;
use parti::strategy::{Assignment, Input, Members, Strategy, WeightedConsistentHash};
use proptest::collection::vec;
use proptest::prelude::{Strategy as Random, any, prop_oneof};

/// Names whose sorted order is not that of their numbers.
pub fn name(number: u32) -> MemberId {
    MemberId::new(format!("worker-{number}")).expect("a token")
}

/// The members with these numbers, in whatever order and however often they are named.
pub fn members(numbers: impl IntoIterator<Item = u32>) -> Members {
    numbers.into_iter().map(name).collect()
}

/// Few points on the ring: the promises do not hang on their number, and debug builds are slow.
pub fn weighted() -> WeightedConsistentHash {
    WeightedConsistentHash { virtual_nodes: 20, ..WeightedConsistentHash::default() }
}

/// Equal weights, a few hot partitions among light ones, or anything, 0 included.
pub fn any_weights(count: std::ops::Range<u32>) -> impl Random<Value = Weights> {
    let hot = |count: u32, seed| Weights::exponential(count, 0.05, Weight(100), Weight(1), seed);
    prop_oneof![
        (count.clone(), 1u32..9).prop_map(|(count, weight)| equal(count, weight)),
        (count.clone().prop_map(|count| count.max(1)), any::<u64>())
            .prop_map(move |(count, seed)| hot(count, Seed(seed))),
        vec((0u32..1000).prop_map(Weight), count.start as usize..count.end as usize)
            .prop_map(Weights::from_iter),
    ]
}

pub fn equal(count: u32, weight: u32) -> Weights {
    (0..count).map(|_| Weight(weight)).collect()
}

/// The 5 % of hot partitions that the realistic configurations have.
pub fn hot(count: u32, seed: u64) -> Weights {
    Weights::exponential(count, 0.05, Weight(100), Weight(1), Seed(seed))
}

/// So light that no partition matters: at least 25 of the heaviest make a fair share.
pub fn fine_weights() -> impl Random<Value = Weights> {
    vec((10u32..=20).prop_map(Weight), 1000..1500).prop_map(Weights::from_iter)
}

/// A history: after each step these members live.
pub fn history(numbers: u32, steps: usize) -> impl Random<Value = Vec<Members>> {
    vec(vec(0..numbers, 1..numbers as usize).prop_map(members), 1..steps)
}

/// Where the weighted strategy ends up after a history.
pub fn replay(weights: &Weights, history: &[Members]) -> Assignment {
    let start = weighted().assign(&Input::fresh(weights, members([])));
    history.iter().fold(start, |earlier, members| {
        weighted().assign(&Input::following(weights, members, &earlier))
    })
}

/// The partitions that have another owner in `after`.
pub fn moved(before: &Input<'_>, after: &Assignment) -> Vec<PartitionId> {
    let owners = before.owners().iter().zip(after.seats());
    let moved = (0..).map(PartitionId).zip(owners).filter(|(_, (before, after))| before != after);
    moved.map(|(partition, _)| partition).collect()
}

/// The partitions without a live owner.
pub fn orphans(input: &Input<'_>) -> Vec<PartitionId> {
    let owners = (0..).map(PartitionId).zip(input.owners());
    owners.filter(|(_, owner)| owner.is_none()).map(|(partition, _)| partition).collect()
}

/// What the fullest member must own in any assignment: of the k·m + 1 heaviest partitions, someone
/// gets k + 1.
pub fn least_max(weights: &Weights, members: usize) -> u64 {
    let mut loads: Vec<u64> = weights.iter().map(|(_, weight)| u64::from(weight.0)).collect();
    loads.sort_unstable_by(|a, b| b.cmp(a));
    let crowds = (0..).map(|k| (k, k * members + 1)).take_while(|&(_, end)| end <= loads.len());
    crowds.map(|(k, end)| loads[end - 1 - k..end].iter().sum()).max().unwrap_or(0)
}

/// `max(1.05 × mean, what cannot be avoided)`.
pub fn bound(weights: &Weights, members: usize) -> f64 {
    let mean = weights.total() as f64 / members as f64;
    (mean * 1.05).max(least_max(weights, members) as f64)
}
