//! How the rate of messages varies over a run: a seeded path of straight ramps.

use std::time::Duration;

use model::{ProducerId, Seed};
use rand::RngExt;

/// Who varies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All producers follow one path.
    Global,
    /// Every producer follows a path of its own.
    PerProducer,
}

/// The multiplier of the rate over time: it moves in a straight line from one drawn value to the
/// next, alternately from the upper and the lower half of `min..max`, so that it really varies.
#[derive(Clone, Debug)]
pub struct Variation {
    /// The lowest multiplier.
    pub min: f64,
    /// The highest multiplier.
    pub max: f64,
    /// How long one ramp takes.
    pub ramp: Duration,
    path: Seed,
    name: String,
    /// The ramp that was asked for last, and its two ends.
    last: Option<(u64, f64, f64)>,
}

impl Variation {
    /// The path of `producer`; times count from the start of the run.
    pub fn new(
        (min, max): (f64, f64),
        ramp: Duration,
        pattern: Pattern,
        producer: &ProducerId,
        seed: Seed,
    ) -> Self {
        let name = match pattern {
            Pattern::Global => "rate variation".to_owned(),
            Pattern::PerProducer => format!("rate variation of {producer}"),
        };
        Self { min, max, ramp, path: seed, name, last: None }
    }

    /// The multiplier at a time of the run.
    pub fn at(&mut self, elapsed: Duration) -> f64 {
        let ramps = elapsed.as_secs_f64() / self.ramp.as_secs_f64();
        let (index, part) = (ramps.floor() as u64, ramps.fract());
        let (from, to) = match self.last {
            Some((last, from, to)) if last == index => (from, to),
            _ => (self.corner(index), self.corner(index + 1)),
        };
        self.last = Some((index, from, to));
        from + (to - from) * part
    }

    fn corner(&self, index: u64) -> f64 {
        let middle = self.min.midpoint(self.max);
        let (low, high) =
            if index.is_multiple_of(2) { (self.min, middle) } else { (middle, self.max) };
        let drawn: f64 = self.path.rng(&format!("{} {index}", self.name)).random();
        low + (high - low) * drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variation(pattern: Pattern, producer: &str) -> Variation {
        let id = ProducerId(producer.into());
        Variation::new((0.5, 2.0), Duration::from_secs(10), pattern, &id, Seed(3))
    }

    #[test]
    fn the_multiplier_varies_within_its_bounds_and_without_jumps() {
        let mut path = variation(Pattern::Global, "producer-0");
        let values: Vec<f64> =
            (0..2000).map(|tick| path.at(Duration::from_millis(tick * 100))).collect();
        assert!(values.iter().all(|value| (0.5..=2.0).contains(value)));
        let (low, high) = values.iter().fold((f64::MAX, 0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(low < 1.0 && high > 1.5, "{low}..{high} hardly varies");
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.02));
    }

    #[test]
    fn the_path_is_the_same_in_whatever_order_it_is_asked_for() {
        let at = |path: &mut Variation, second| path.at(Duration::from_secs(second));
        let mut path = variation(Pattern::Global, "producer-0");
        for second in [3, 7, 12, 5, 44, 12, 3] {
            let mut fresh = variation(Pattern::Global, "producer-0");
            assert_eq!(at(&mut path, second), at(&mut fresh, second), "{second} s");
        }
    }

    #[test]
    fn producers_vary_together_or_apart() {
        let at = Duration::from_secs(15);
        let value = |pattern, producer| variation(pattern, producer).at(at);
        assert_eq!(value(Pattern::Global, "a"), value(Pattern::Global, "b"));
        assert_ne!(value(Pattern::PerProducer, "a"), value(Pattern::PerProducer, "b"));
    }
}
