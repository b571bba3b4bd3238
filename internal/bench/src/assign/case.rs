//! One strategy in one group: from nothing, and then with one or many members more or less.

use std::time::Duration;

use model::{Seed, Weight, Weights};
use parti::MemberId;
use parti::strategy::{Assignment, Input, Members, Strategy, unavoidable};
use rand::seq::SliceRandom;
use serde::Serialize;

use super::{Contestant, Leaver, Size};
use crate::timing::median_time;

/// How far above the mean nobody should be: what the strategies aim at, and what counts as avoidable.
pub const LOAD_BOUND: f64 = 1.05;
/// Beyond so many hashes an answer is not waited for.
const HASHES_MAX: u64 = 1_000_000_000;
/// Who leaves, and which partitions are heavy.
const SEED: Seed = Seed(1);

/// How heavy partitions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightsOf {
    /// All alike.
    Equal,
    /// 5 % of them, drawn, weigh 100, the others 1.
    Heavy,
}

impl WeightsOf {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Equal, Self::Heavy];

    fn of(self, partitions: u32) -> Weights {
        match self {
            Self::Equal => Weights::uniform(partitions),
            Self::Heavy => Weights::exponential(partitions, 0.05, Weight(100), Weight(1), SEED),
        }
    }
}

/// Who comes and who goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// One member more.
    OneMore,
    /// A tenth more.
    TenthMore,
    /// One member less.
    OneLess,
    /// A tenth less.
    TenthLess,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OneMore, Self::TenthMore, Self::OneLess, Self::TenthLess];

    /// In figures.
    pub fn words(self) -> &'static str {
        match self {
            Self::OneMore => "+1",
            Self::TenthMore => "+10 %",
            Self::OneLess => "−1",
            Self::TenthLess => "−10 %",
        }
    }

    /// Whether members come.
    pub fn is_growth(self) -> bool {
        matches!(self, Self::OneMore | Self::TenthMore)
    }

    /// How many members of `members` come or go.
    pub fn count(self, members: u32) -> u32 {
        match self {
            Self::OneMore | Self::OneLess => 1,
            Self::TenthMore | Self::TenthLess => (members / 10).max(1),
        }
    }

    /// Who is there afterwards.
    fn after(self, members: u32, leaver: Leaver) -> Members {
        let count = self.count(members);
        let mut numbers: Vec<u32> = (0..members).collect();
        if self.is_growth() {
            numbers.extend(members..members + count);
        } else {
            if leaver == Leaver::Drawn {
                numbers.shuffle(&mut SEED.rng("leaving"));
            }
            numbers.truncate((members - count) as usize);
        }
        group(numbers)
    }
}

/// The name of a member. Sorted, they come in the order of their numbers.
pub fn name(number: u32) -> MemberId {
    MemberId::new(format!("worker-{number:05}")).expect("letters, digits and a dash")
}

fn group(numbers: impl IntoIterator<Item = u32>) -> Members {
    numbers.into_iter().map(name).collect()
}

/// A group that strategies are tried on.
#[derive(Clone, Debug)]
pub struct Case {
    /// How large it is.
    pub size: Size,
    /// How heavy its partitions are.
    pub weights_of: WeightsOf,
    weights: Weights,
}

impl Case {
    /// A group of this size.
    pub fn new(size: Size, weights_of: WeightsOf) -> Self {
        Self { size, weights_of, weights: weights_of.of(size.partitions) }
    }

    /// The load that a member would have if weight could be cut at will.
    pub fn mean(&self) -> f64 {
        self.weights.total() as f64 / f64::from(self.size.members)
    }

    /// The heaviest partition, in means.
    pub fn heaviest(&self) -> f64 {
        let heaviest = self.weights.iter().map(|(_, weight)| weight.0).max();
        f64::from(heaviest.unwrap_or(0)) / self.mean()
    }

    /// The lightest partition, in means.
    pub fn lightest(&self) -> f64 {
        let lightest = self.weights.iter().map(|(_, weight)| weight.0).min();
        f64::from(lightest.unwrap_or(0)) / self.mean()
    }
}

/// How even loads are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The highest load, in means.
    pub max: f64,
    /// The lowest.
    pub min: f64,
}

impl Spread {
    fn of(answer: &Assignment, weights: &Weights) -> Self {
        let loads = answer.loads(weights);
        let mean = loads.mean();
        Self { max: loads.max() as f64 / mean, min: loads.min() as f64 / mean }
    }
}

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Which.
    pub change: Change,
    /// How long the new answer took, as a median.
    pub took: Duration,
    /// How much weight moved.
    pub moved: u64,
    /// How much of it had no owner any more.
    pub orphans: u64,
    /// How much had to, at least.
    pub unavoidable: u64,
    /// How even the loads are now.
    pub spread: Spread,
}

impl Changed {
    /// The weight that moved, in what had to.
    pub fn excess(&self) -> f64 {
        self.moved as f64 / self.unavoidable.max(1) as f64
    }
}

/// What a strategy came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// How long the first answer took, as a median.
    pub fresh: Duration,
    /// How even its loads are.
    pub spread: Spread,
    /// Each change, from there.
    pub changes: Vec<Changed>,
}

/// Whether there is anything to tell of a strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is.
    Measured(Measured),
    /// An answer takes so many hashes that it is not waited for.
    TooSlow {
        /// How many.
        hashes: u64,
    },
}

/// Measures a strategy: its answers, and how long it takes for them.
pub fn measure(case: &Case, contestant: &Contestant) -> Outcome {
    let hashes = (contestant.hashes)(case.size);
    if hashes > HASHES_MAX {
        return Outcome::TooSlow { hashes };
    }
    let (weights, strategy) = (&case.weights, &*contestant.strategy);
    let members = group(0..case.size.members);
    let first = strategy.assign(&Input::fresh(weights, &members));
    let changes = Change::ALL.iter().map(|&change| {
        let after = change.after(case.size.members, contestant.leaver);
        changed(strategy, weights, change, &first, &after)
    });
    Outcome::Measured(Measured {
        fresh: median_time(|| strategy.assign(&Input::fresh(weights, &members))),
        spread: Spread::of(&first, weights),
        changes: changes.collect(),
    })
}

fn changed(
    strategy: &dyn Strategy,
    weights: &Weights,
    change: Change,
    before: &Assignment,
    after: &Members,
) -> Changed {
    let input = Input::following(weights, after, before);
    let answer = strategy.assign(&input);
    let lost = input.owners().iter().zip(weights.iter()).filter(|(owner, _)| owner.is_none());
    Changed {
        change,
        took: median_time(|| strategy.assign(&Input::following(weights, after, before))),
        moved: input.moves_to(&answer).weight,
        orphans: lost.map(|(_, (_, weight))| u64::from(weight.0)).sum(),
        unavoidable: unavoidable(&input, LOAD_BOUND).weight,
        spread: Spread::of(&answer, weights),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_bring_and_take_as_many_as_they_say() {
        for (change, count) in Change::ALL.into_iter().zip([41, 44, 39, 36]) {
            for leaver in [Leaver::Drawn, Leaver::Last] {
                assert_eq!(change.after(40, leaver).len(), count, "{change:?} {leaver:?}");
            }
        }
        assert_eq!(Change::OneLess.after(5, Leaver::Last), group(0..4));
        assert_eq!(Change::TenthMore.after(5, Leaver::Drawn), group(0..6));
        assert_ne!(Change::TenthLess.after(40, Leaver::Drawn), group(0..36));
    }

    #[test]
    fn too_many_hashes_are_counted_and_not_made() {
        let size = Size { partitions: 2_000_000, members: 20_000 };
        let case = Case { size, weights_of: WeightsOf::Equal, weights: Weights::uniform(1) };
        let rendezvous = super::super::field().remove(2);
        assert_eq!(measure(&case, &rendezvous), Outcome::TooSlow { hashes: 40_000_000_000 });
    }
}
