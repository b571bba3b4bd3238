//! How long things took, counted by size: a histogram that is cumulative, travels in a report and
//! can be added up over whoever measured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// [`BOUNDS`] in microseconds: whole numbers are found four times as fast.
const MICROS: [u64; 17] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
];

/// Bounds of the sizes, from a hand-over within a server to an outage: one set for everything that
/// is measured, so that what producers, workers and the judge say can be compared and added up.
pub const BOUNDS: [Duration; MICROS.len()] = {
    let mut bounds = [Duration::ZERO; MICROS.len()];
    let mut index = 0;
    while index < bounds.len() {
        bounds[index] = Duration::from_micros(MICROS[index]);
        index += 1;
    }
    bounds
};

/// How many durations were of which size, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// For each of [`BOUNDS`], how many were not longer than it and longer than the one before; the
    /// last one counts those that were longer than all.
    counts: [u64; BOUNDS.len() + 1],
    sum_micros: u64,
}

impl Durations {
    /// One more.
    pub fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts[MICROS.partition_point(|bound| *bound < micros)] += 1;
        self.sum_micros = self.sum_micros.saturating_add(micros);
    }

    /// Those of somebody else as well.
    pub fn add_all(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.sum_micros = self.sum_micros.saturating_add(other.sum_micros);
    }

    /// How many were not longer than each of [`BOUNDS`].
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut sum = 0_u64;
        BOUNDS.into_iter().zip(self.counts).map(move |(bound, count)| {
            sum = sum.saturating_add(count);
            (bound, sum)
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How long they took together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: &[u64]) -> Durations {
        let mut durations = Durations::default();
        millis.iter().for_each(|millis| durations.add(Duration::from_millis(*millis)));
        durations
    }

    #[test]
    fn a_bound_holds_what_is_as_long_as_it() {
        let durations = of(&[0, 1, 2, 250, 251, 400_000]);
        let up_to = |millis| {
            let bound = Duration::from_millis(millis);
            durations.cumulative().find(|(at, _)| *at == bound).map(|(_, count)| count)
        };
        assert_eq!([1, 5, 100, 250, 500].map(up_to), [2, 3, 3, 4, 5].map(Some));
        assert_eq!(up_to(300_000), Some(5), "what is longer than all is in no bound");
        assert_eq!((durations.count(), durations.sum()), (6, Duration::from_millis(400_504)));
    }

    #[test]
    fn those_of_many_add_up() {
        let mut all = of(&[1, 20, 7_000]);
        all.add_all(&of(&[20, 400_000]));
        assert_eq!(all, of(&[1, 20, 20, 7_000, 400_000]));
    }

    #[test]
    fn nothing_overflows() {
        let mut durations = of(&[1]);
        durations.add(Duration::MAX);
        durations.add(Duration::MAX);
        durations.add_all(&durations.clone());
        assert_eq!((durations.count(), durations.sum()), (6, Duration::from_micros(u64::MAX)));
    }

    #[test]
    fn they_travel_as_numbers() {
        let durations = of(&[1, 20]);
        let text = serde_json::to_string(&durations).unwrap();
        assert!(
            text.starts_with(r#"{"counts":[1,0,0,0,1,0"#)
                && text.ends_with(r#""sum_micros":21000}"#)
        );
        assert_eq!(serde_json::from_str::<Durations>(&text).unwrap(), durations);
    }
}
