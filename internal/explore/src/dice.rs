//! Draws of the kinds that scenarios are made of.

use config::Millis;
use model::{Rng, Seed};
use rand::RngExt;

/// Draws for one part of a scenario, from a stream of its own.
pub(crate) struct Dice(Rng);

impl Dice {
    pub fn new(seed: Seed, part: &str) -> Self {
        Self(seed.rng(&format!("explore-{part}")))
    }

    /// True in one of `of` cases.
    pub fn one_in(&mut self, of: u32) -> bool {
        self.0.random_range(0..of.max(1)) == 0
    }

    /// Any of `low..=high`, each as likely.
    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low.min(high)..=high)
    }

    /// Any of `low..=high`, where each order of magnitude is as likely: what is small differs most.
    pub fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        if low >= high {
            return high;
        }
        let drawn = (low.ln() + (high.ln() - low.ln()) * self.0.random::<f64>()).exp();
        // Digits that nobody reads stand in every file that somebody has to.
        let rounded = (drawn * 1_000.0).round() / 1_000.0;
        if (low..=high).contains(&rounded) { rounded } else { drawn.clamp(low, high) }
    }

    /// A whole number, drawn as [`Dice::magnitude`].
    pub fn size(&mut self, low: u32, high: u32) -> u32 {
        let drawn = self.magnitude(f64::from(low.max(1)), f64::from(high)).round();
        (drawn as u32).clamp(low.min(high), high)
    }

    /// A time, drawn as [`Dice::magnitude`].
    pub fn time(&mut self, low: Millis, high: Millis) -> Millis {
        let millis = |time: Millis| time.get().max(1) as f64;
        let drawn = self.magnitude(millis(low), millis(high)).round();
        Millis::new(drawn as u64).clamp(low.min(high), high)
    }

    /// One of several.
    pub fn among<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let last = all.len().checked_sub(1)?;
        Some(all[self.0.random_range(0..=last)])
    }
}
