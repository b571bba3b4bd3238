//! Partitions, their weights, and the fixed ranges that producers own.

use std::fmt;
use std::ops::Range;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::Seed;

/// One of the partitions `0..count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionId(pub u32);

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How much load a partition carries relative to the others; at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(pub u32);

/// The weight of every partition; the index is the partition's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weights(Vec<Weight>);

impl Weights {
    /// `count` partitions of weight 1.
    pub fn uniform(count: u32) -> Self {
        Self(vec![Weight(1); count as usize])
    }

    /// `hot_share` (0..1) of the partitions, at least one, weigh `hot`, the others `normal`.
    /// Which ones are hot is drawn from `seed`, so that hot partitions are not neighbours.
    pub fn exponential(
        count: u32,
        hot_share: f64,
        hot: Weight,
        normal: Weight,
        seed: Seed,
    ) -> Self {
        let hot_count = ((f64::from(count) * hot_share).round() as usize).clamp(1, count as usize);
        let mut weights = vec![normal; count as usize];
        weights[..hot_count].fill(hot);
        weights.shuffle(&mut seed.rng("weights"));
        Self(weights)
    }

    /// How many partitions there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("built from a u32 count")
    }

    /// The weight of one partition, or `None` beyond the last one.
    pub fn get(&self, partition: PartitionId) -> Option<Weight> {
        self.0.get(partition.0 as usize).copied()
    }

    /// The sum of all weights.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|weight| u64::from(weight.0)).sum()
    }

    /// Every partition with its weight, in order.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionId, Weight)> + '_ {
        (0..).map(PartitionId).zip(self.0.iter().copied())
    }

    /// Messages per second of one partition when all partitions together send
    /// `count * rate_per_partition`: the total stays, a hot partition really is hot.
    pub fn rate(&self, partition: PartitionId, rate_per_partition: f64) -> f64 {
        let weight = self.get(partition).map_or(0.0, |weight| f64::from(weight.0));
        rate_per_partition * f64::from(self.count()) * weight / self.total() as f64
    }
}

impl FromIterator<Weight> for Weights {
    fn from_iter<I: IntoIterator<Item = Weight>>(weights: I) -> Self {
        Self(weights.into_iter().collect())
    }
}

/// The partitions of producer `index` of `producers`: contiguous, equal ranges, with the remainder
/// spread one each over the first ones. Empty beyond the last producer.
pub fn producer_range(index: u32, producers: u32, partitions: u32) -> Range<u32> {
    if index >= producers {
        return partitions..partitions;
    }
    let (share, remainder) = (partitions / producers, partitions % producers);
    let start = index * share + index.min(remainder);
    start..start + share + u32::from(index < remainder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_spread_the_remainder_over_the_first() {
        let ranges: Vec<_> = (0..3).map(|index| producer_range(index, 3, 11)).collect();
        assert_eq!(ranges, [0..4, 4..8, 8..11]);
        assert_eq!(producer_range(3, 3, 11), 11..11);
    }

    #[test]
    fn hot_partitions_are_drawn_and_the_total_rate_stays() {
        let weights = Weights::exponential(100, 0.05, Weight(100), Weight(1), Seed(7));
        let hot: Vec<_> = weights.iter().filter(|(_, w)| w.0 == 100).map(|(p, _)| p.0).collect();
        assert_eq!(hot.len(), 5);
        assert_ne!(hot, [0, 1, 2, 3, 4], "hot partitions must not simply be the first");
        let total: f64 = weights.iter().map(|(p, _)| weights.rate(p, 0.1)).sum();
        assert!((total - 10.0).abs() < 1e-9);
        let (cold, _) = weights.iter().find(|(_, w)| w.0 == 1).unwrap();
        let ratio = weights.rate(PartitionId(hot[0]), 0.1) / weights.rate(cold, 0.1);
        assert!((ratio - 100.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn ranges_cover_every_partition_once(producers in 1u32..50, partitions in 1u32..2000) {
            let mut next = 0;
            for index in 0..producers {
                let range = producer_range(index, producers, partitions);
                prop_assert_eq!(range.start, next);
                next = range.end;
            }
            prop_assert_eq!(next, partitions);
        }
    }
}
