//! When messages fall due: a Poisson process for each partition, thinned to a varying rate.
//!
//! Thinning (Lewis and Shedler, 1979): arrivals are drawn at the highest rate, and each is kept with
//! the probability that the rate at its time bears to the highest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use model::{PartitionId, Rng};
use rand::RngExt;

use crate::variation::Variation;

/// Arrivals in a row that are looked at for one that is kept.
const THINNED_MAX: usize = 64;

/// The arrivals of all partitions of a producer, in order of time.
#[derive(Debug)]
pub struct Arrivals {
    due: BinaryHeap<Reverse<(Duration, PartitionId, usize)>>,
    /// Highest messages per second of each partition.
    peaks: Vec<f64>,
    variation: Option<Variation>,
    rng: Rng,
    /// The next arrival that is kept, if it is known.
    kept: Option<(Duration, PartitionId)>,
}

impl Arrivals {
    /// Arrivals from time zero on, at `rates` messages per second, times the variation.
    pub fn new(rates: &[(PartitionId, f64)], variation: Option<Variation>, rng: Rng) -> Self {
        let highest = variation.as_ref().map_or(1.0, |variation| variation.max);
        let peaks = rates.iter().map(|(_, rate)| rate * highest).collect();
        let mut arrivals = Self { due: BinaryHeap::new(), peaks, variation, rng, kept: None };
        for (index, (partition, _)) in rates.iter().enumerate() {
            arrivals.draw(Duration::ZERO, *partition, index);
        }
        arrivals
    }

    /// The time of the next arrival; where nearly all are thinned out, of one that may be.
    pub fn next_at(&mut self) -> Option<Duration> {
        for _ in 0..THINNED_MAX {
            if self.kept.is_some() {
                break;
            }
            self.kept = self.next();
        }
        let kept = self.kept.map(|(at, _)| at);
        kept.or_else(|| self.due.peek().map(|Reverse((at, _, _))| *at))
    }

    /// Takes the next arrival; `None` for one that was thinned out.
    pub fn take(&mut self) -> Option<(Duration, PartitionId)> {
        self.kept.take().or_else(|| self.next())
    }

    /// The next arrival, unless it is thinned out.
    fn next(&mut self) -> Option<(Duration, PartitionId)> {
        let Reverse((at, partition, index)) = self.due.pop()?;
        self.draw(at, partition, index);
        let Some(variation) = &mut self.variation else { return Some((at, partition)) };
        let keep = variation.at(at) / variation.max;
        (self.rng.random::<f64>() < keep).then_some((at, partition))
    }

    fn draw(&mut self, after: Duration, partition: PartitionId, index: usize) {
        let uniform: f64 = self.rng.random();
        let gap = -(1.0 - uniform).ln() / self.peaks[index];
        // A rate of nearly nothing has its next arrival after the end of every run.
        let gap = Duration::try_from_secs_f64(gap).unwrap_or(Duration::MAX / 4);
        self.due.push(Reverse((after.saturating_add(gap), partition, index)));
    }
}

#[cfg(test)]
mod tests {
    use model::{ProducerId, Seed};

    use super::*;
    use crate::Pattern;

    fn count(arrivals: &mut Arrivals, until: Duration) -> Vec<(Duration, PartitionId)> {
        let mut taken = Vec::new();
        while arrivals.next_at().is_some_and(|at| at < until) {
            taken.extend(arrivals.take());
        }
        taken
    }

    #[test]
    fn partitions_send_at_their_rates_in_order_of_time() {
        let rates = [(PartitionId(0), 1.0), (PartitionId(1), 10.0)];
        let mut arrivals = Arrivals::new(&rates, None, Seed(1).rng("arrivals"));
        let taken = count(&mut arrivals, Duration::from_secs(1000));
        assert!(taken.is_sorted_by_key(|(at, _)| *at));
        let of = |p| taken.iter().filter(|(_, partition)| partition.0 == p).count();
        assert!((900..1100).contains(&of(0)), "{}", of(0));
        assert!((9700..10_300).contains(&of(1)), "{}", of(1));
    }

    #[test]
    fn nobody_waits_for_what_is_thinned_out() {
        let id = ProducerId("p".into());
        let ramp = Duration::from_secs(100);
        let taken = |bounds, most| {
            let variation = Variation::new(bounds, ramp, Pattern::Global, &id, Seed(5));
            let rates = [(PartitionId(0), 10.0)];
            let mut arrivals = Arrivals::new(&rates, Some(variation), Seed(1).rng("arrivals"));
            let announced = |_| (arrivals.next_at(), arrivals.take().map(|(at, _)| at));
            (0..most).map(announced).collect::<Vec<_>>()
        };
        let often = taken((0.5, 2.0), 1000);
        assert!(often.iter().all(|(announced, taken)| announced == taken));
        let never = taken((0.0, 0.0), 3);
        assert!(never.iter().all(|(announced, taken)| announced.is_some() && taken.is_none()));
    }

    #[test]
    fn a_varying_rate_shows_in_the_arrivals() {
        let id = ProducerId("p".into());
        let ramp = Duration::from_secs(100);
        let mut variation = Variation::new((0.5, 2.0), ramp, Pattern::Global, &id, Seed(5));
        let rates = [(PartitionId(0), 100.0)];
        let mut arrivals = Arrivals::new(&rates, Some(variation.clone()), Seed(1).rng("arrivals"));
        let taken = count(&mut arrivals, Duration::from_secs(400));
        for second in [5u64, 95, 205, 300] {
            let window = Duration::from_secs(second)..Duration::from_secs(second + 20);
            let seen = taken.iter().filter(|(at, _)| window.contains(at)).count() as f64;
            let expected = 20.0 * 100.0 * variation.at(Duration::from_secs(second + 10));
            assert!((seen / expected - 1.0).abs() < 0.2, "{second}: {seen} of {expected}");
        }
    }
}
