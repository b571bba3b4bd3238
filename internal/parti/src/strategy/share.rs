//! How much load is fair: the level that a newcomer is filled to, and the bound for everybody.

use super::Input;

/// Fair shares of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The level that members reach if no partition heavier than it shares its owner: the mean of
    /// what is left when every partition above the level has a member to itself. Without such
    /// heavy partitions it is the mean. Rounded down.
    pub(super) level: u64,
    /// `max(load_bound × mean, heaviest partition)`, rounded down.
    pub(super) bound: u64,
}

/// Beyond so many partitions a member, packing them costs less than a twentieth of the mean.
const CROWDED_MAX: usize = 20;

impl Share {
    /// The input must have members.
    pub(super) fn of(input: &Input<'_>, load_bound: f64) -> Self {
        let members = input.members().len() as u64;
        let total: u64 = input.loads().sum();
        let heaviest = input.loads().max().unwrap_or(0);
        let mean = total as f64 / members as f64;
        let bound = ((load_bound * mean) as u64).max(heaviest);
        Self { level: level(input, total, members), bound }
    }

    /// The bound, or what the fullest member must own in any assignment, if that is more.
    ///
    /// Of the `k × members + 1` heaviest partitions, one member gets `k + 1`, and these weigh at
    /// least as much as the `k + 1` lightest of them.
    pub(super) fn attainable_bound(&self, input: &Input<'_>) -> u64 {
        let members = input.members().len();
        let mut loads: Vec<_> = input.loads().collect();
        let looked_at = (CROWDED_MAX - 1) * members + 1;
        if looked_at < loads.len() {
            loads.select_nth_unstable_by(looked_at, |a, b| b.cmp(a));
            loads.truncate(looked_at);
        }
        loads.sort_unstable_by(|a, b| b.cmp(a));
        let crowded = (1..CROWDED_MAX).filter_map(|others| {
            let end = others * members + 1;
            Some(loads.get(end - 1 - others..end)?.iter().sum::<u64>())
        });
        crowded.max().unwrap_or(0).max(self.bound)
    }
}

/// Lowers the level until no more partitions stand out. Every round but the last finds another one
/// above the level, and fewer than `members` can be, so it ends; one or two rounds are usual.
fn level(input: &Input<'_>, total: u64, members: u64) -> u64 {
    let mut level = total / members;
    let mut alone = 0;
    loop {
        let heavy = input.loads().filter(|&load| load > level);
        let (count, weight) = heavy.fold((0, 0), |(n, sum), load| (n + 1, sum + load));
        if count == alone {
            return level;
        }
        assert!(count < members, "{count} partitions above the mean of {members} members");
        alone = count;
        level = (total - weight) / (members - count);
    }
}

#[cfg(test)]
mod tests {
    use model::{Seed, Weight, Weights};

    use super::*;
    use crate::MemberId;
    use crate::strategy::Members;

    fn share(weights: &Weights, members: usize) -> Share {
        let members: Members =
            (0..members).map(|i| MemberId::new(i.to_string()).unwrap()).collect();
        Share::of(&Input::fresh(weights, &members), 1.05)
    }

    #[test]
    fn the_level_is_the_mean_of_what_can_be_spread() {
        assert_eq!(share(&Weights::uniform(1000), 10), Share { level: 100, bound: 105 });
        assert_eq!(share(&Weights::uniform(0), 3), Share { level: 0, bound: 0 });
        assert_eq!(share(&Weights::uniform(3), 4), Share { level: 0, bound: 1 });
        let pairs = Weights::uniform(11);
        assert_eq!(share(&pairs, 10).bound, 1);
        let members: Members = (0..10).map(|i| MemberId::new(i.to_string()).unwrap()).collect();
        assert_eq!(share(&pairs, 10).attainable_bound(&Input::fresh(&pairs, &members)), 2);
        let one_giant = Weights::exponential(91, 0.01, Weight(1000), Weight(1), Seed(1));
        assert_eq!(share(&one_giant, 10), Share { level: 10, bound: 1000 });
    }
}
