//! When which fault happens: drawn from the seed alone, before anything runs.

use std::time::Duration;

use config::ChaosEvent;
use model::Seed;
use rand::RngExt;
use rand::seq::SliceRandom;

/// A fault to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Time of the run.
    pub at: Duration,
    /// What.
    pub event: ChaosEvent,
    /// A draw by which the target is chosen among those that are there then.
    pub pick: u64,
}

/// The faults of a run: gaps are uniform in `interval`, and events come in shuffled rounds, so that
/// every one happens about as often as the others, and each at least once if there is time.
pub fn schedule(
    events: &[ChaosEvent],
    interval: (Duration, Duration),
    until: Duration,
    seed: Seed,
) -> Vec<Planned> {
    let mut rng = seed.rng("chaos");
    let (mut planned, mut round, mut at) = (Vec::new(), Vec::new(), Duration::ZERO);
    // An interval of nothing would never end.
    if events.is_empty() || interval.1.is_zero() {
        return planned;
    }
    loop {
        at += interval.0 + (interval.1 - interval.0).mul_f64(rng.random());
        if at >= until {
            return planned;
        }
        if round.is_empty() {
            round = events.to_vec();
            round.shuffle(&mut rng);
        }
        let pick = rng.random();
        planned.extend(round.pop().map(|event| Planned { at, event, pick }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64) -> Vec<Planned> {
        let interval = (Duration::from_secs(4), Duration::from_secs(7));
        schedule(&ChaosEvent::ALL, interval, Duration::from_secs(600), Seed(seed))
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn gaps_are_in_the_interval_and_events_are_spread() {
        let planned = drawn(3);
        let mut before = Duration::ZERO;
        for Planned { at, .. } in &planned {
            let gap = *at - before;
            assert!((4.0..=7.0).contains(&gap.as_secs_f64()), "{gap:?}");
            before = *at;
        }
        for round in planned.chunks_exact(ChaosEvent::ALL.len()) {
            for event in ChaosEvent::ALL {
                assert!(round.iter().any(|planned| planned.event == event), "{event:?}");
            }
        }
    }

    #[test]
    fn nothing_to_do_is_an_empty_schedule() {
        let second = Duration::from_secs(1);
        assert!(schedule(&[], (second, second), second * 9, Seed(1)).is_empty());
        assert!(schedule(&ChaosEvent::ALL, (second * 9, second * 9), second, Seed(1)).is_empty());
    }
}
