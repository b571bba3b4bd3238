//! When which fault happens: drawn from the seed alone, before anything runs.

use std::time::Duration;

use config::{Config, Mixed};
use model::{Rng, Seed};
use rand::RngExt;

use crate::planned::Planned;
use crate::terms::Terms;

/// The most faults of a mix; a run that would have more is quiet after the last of them.
pub const PLANNED_MAX: usize = 100_000;

/// The faults of a run, in order: those that are drawn from the mix and those of the script. None
/// if chaos is not enabled.
///
/// Gaps are uniform in `chaos.interval`. Events are drawn by weight, each independently of others;
/// then every event of the mix that was not drawn at all takes the place of one that was drawn more
/// than once. So each happens, if there is time for as many, and no more places change than the mix
/// has events: in a long run none.
pub fn schedule(config: &Config, seed: Seed) -> Vec<Planned> {
    let (chaos, until) = (&config.chaos, config.simulation.duration.duration());
    if !chaos.enabled {
        return Vec::new();
    }
    let terms = Terms::of(config);
    let mut rng = seed.rng("chaos");
    let mix: Vec<&Mixed> = chaos.events.iter().filter(|mixed| mixed.weight() > 0).collect();
    let gap = (chaos.interval.min.duration(), chaos.interval.max.duration());
    let times = if mix.is_empty() { Vec::new() } else { times(gap, until, &mut rng) };
    let drawn = draw(&mix, times.len(), &mut rng);
    let plan = |at: Duration, index: usize, rng: &mut Rng| {
        terms.planned(at, mix[index].event, &mix[index].parameters, rng)
    };
    let drawn = times.into_iter().zip(drawn);
    let mut planned: Vec<Planned> = drawn.map(|(at, index)| plan(at, index, &mut rng)).collect();
    for line in chaos.script.iter().filter(|line| line.at.duration() < until) {
        // Every line draws from a stream of its own: one more or less changes nothing about the others.
        let mut rng = seed.rng(&format!("chaos-script {} {}", line.at, line.event));
        let at = line.at.duration();
        planned.push(terms.planned(at, line.event, &line.parameters, &mut rng));
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

fn times(gap: (Duration, Duration), until: Duration, rng: &mut Rng) -> Vec<Duration> {
    let (mut times, mut at) = (Vec::new(), Duration::ZERO);
    // A gap of nothing would never end.
    while times.len() < PLANNED_MAX && !gap.1.is_zero() {
        at += gap.0 + gap.1.saturating_sub(gap.0).mul_f64(rng.random());
        if at >= until {
            return times;
        }
        times.push(at);
    }
    tracing::warn!("more than {PLANNED_MAX} chaos events: none is planned after {at:?}");
    times
}

/// Which of the mix happens at each of `places` times.
fn draw(mix: &[&Mixed], places: usize, rng: &mut Rng) -> Vec<usize> {
    let weights: Vec<u64> = mix.iter().map(|mixed| u64::from(mixed.weight())).collect();
    let total: u64 = weights.iter().sum();
    if total == 0 {
        return Vec::new();
    }
    let mut drawn: Vec<usize> = (0..places)
        .map(|_| {
            let mut rest = rng.random_range(0..total);
            let heavier = |weight: &u64| {
                let is_it = rest < *weight;
                rest = rest.saturating_sub(*weight);
                is_it
            };
            weights.iter().position(heavier).unwrap_or_default()
        })
        .collect();
    let mut counts = vec![0_usize; mix.len()];
    drawn.iter().for_each(|index| counts[*index] += 1);
    for missing in (0..mix.len()).filter(|index| counts[*index] == 0).collect::<Vec<_>>() {
        let spare = |place: &usize| counts[drawn[*place]] > 1;
        let spare: Vec<usize> = (0..places).filter(spare).collect();
        let Some(last) = spare.len().checked_sub(1) else { break };
        let place = spare[rng.random_range(0..=last)];
        counts[drawn[place]] -= 1;
        counts[missing] += 1;
        drawn[place] = missing;
    }
    drawn
}
