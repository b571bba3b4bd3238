//! The faults of a scenario. Each seed switches some of the frame's events on and the others off
//! (testing by swarm: what would mask something else is absent now and then), with weights, gaps and
//! times of its own, from far below the lease to well above it. The schedule that follows is the one
//! that any run would follow; it is written down line by line.

use chaos::schedule;
use config::{Chaos, ChaosEvent, Config, Interval, Millis, Mixed, Parameters, RestartAfter};
use model::Seed;

use crate::Frame;
use crate::dice::Dice;
use crate::script::lines;

/// The most faults of one scenario.
const FAULTS_MAX: usize = 80;
/// So many leases before producers stop, faults are over…
const QUIET_LEASES: u64 = 5;

/// The faults of a scenario that is complete but for them.
pub(crate) fn faults(frame: &Frame, scenario: &Config, seed: Seed) -> Chaos {
    let (within, lease) = (&frame.config().chaos, scenario.workers.lease);
    let mut dice = Dice::new(seed, "chaos");
    let until = quiet_from(scenario);
    let mut planned = scenario.clone();
    planned.simulation.duration = until;
    planned.chaos = Chaos {
        enabled: true,
        events: mix(&within.events, scenario, &mut dice),
        interval: interval(within.interval, until, &mut dice),
        script: Vec::new(),
        restart_after: dice.time(leases(lease, 0.1), leases(lease, 4.0)).min(within.restart_after),
        token: None,
    };
    let first = schedule(&planned, seed).into_iter().take(FAULTS_MAX).collect::<Vec<_>>();
    let script = lines(&first, until);
    Chaos { events: Vec::new(), script, ..planned.chaos }
}

/// …or for the second half of a run that has less time than that.
fn quiet_from(scenario: &Config) -> Millis {
    let (duration, lease) = (scenario.simulation.duration.get(), scenario.workers.lease.get());
    Millis::new(duration.saturating_sub(lease * QUIET_LEASES).max(duration / 2))
}

/// Some of the events, at least one.
fn mix(within: &[Mixed], scenario: &Config, dice: &mut Dice) -> Vec<Mixed> {
    let possible: Vec<&Mixed> = within.iter().filter(|mixed| mixed.weight() > 0).collect();
    let only = dice.among(&possible);
    // One seed in four has very few: what does not need several is seen most clearly then.
    let one_in = if dice.one_in(4) { 8 } else { 2 };
    let mut chosen: Vec<&Mixed> = Vec::new();
    for mixed in &possible {
        if dice.one_in(one_in) {
            chosen.push(mixed);
        }
    }
    if chosen.is_empty() {
        chosen.extend(only);
    }
    let mixed = |mixed: &Mixed| Mixed {
        event: mixed.event,
        weight: Some(dice.size(1, 100)),
        parameters: parameters(mixed.event, &mixed.parameters, scenario, dice),
    };
    chosen.into_iter().map(mixed).collect()
}

/// From one after another to several at once; at least one has its turn, and a run that is too long
/// for gaps so short has longer ones.
fn interval(within: Interval, until: Millis, dice: &mut Dice) -> Interval {
    let most = Millis::new(until.get() / 2).max(Millis::new(1));
    let (min, max) = (within.min.min(most), within.max.min(most));
    let (one, other) = (dice.time(min, max), dice.time(min, max));
    let least = Millis::new(2 * until.get() / FAULTS_MAX as u64);
    Interval { min: one.min(other), max: one.max(other).max(least) }
}

/// What the frame leaves open; what it says stays as it is.
fn parameters(
    event: ChaosEvent,
    given: &Parameters,
    scenario: &Config,
    dice: &mut Dice,
) -> Parameters {
    use ChaosEvent as E;
    let lease = scenario.workers.lease;
    let mut drawn = given.clone();
    let mut lasting = |shortest: f64, longest: f64| {
        let (one, other) = (leases(lease, shortest), leases(lease, longest));
        let (one, other) = (dice.time(one, other), dice.time(one, other));
        let span = Interval { min: one.min(other), max: one.max(other) };
        drawn.lasting = Some(given.lasting.unwrap_or(span));
    };
    match event {
        E::WorkerCrash | E::LeaderFailure | E::ProducerCrash => {
            let never = dice.one_in(8).then_some(RestartAfter::Never);
            drawn.restart_after = given.restart_after.or(never);
        }
        E::WorkerPause | E::LeaderPause | E::NetworkDisconnect => lasting(0.1, 4.0),
        E::BrokerRestart => lasting(0.05, 2.0),
        E::ScaleUp | E::ScaleDown => {
            let count = dice.one_in(2).then(|| dice.count(1, scenario.workers.count));
            drawn.count = given.count.or(count);
        }
        E::RollingRestart => {
            let pause = dice.time(Millis::new(1), lease);
            drawn.pause_between = given.pause_between.or(Some(pause));
        }
        E::NetworkDelay => {
            lasting(0.5, 6.0);
            let delay = dice.time(Millis::new(1), leases(lease, 0.8));
            let jitter = dice.time(Millis::new(1), delay);
            if given.delay.is_none() {
                (drawn.delay, drawn.jitter) = (Some(delay), Some(jitter));
            }
        }
        E::NetworkLossy => {
            lasting(0.5, 6.0);
            drawn.loss = given.loss.or(Some(dice.magnitude(0.005, 0.5)));
        }
        E::SlowWorker => {
            lasting(0.5, 6.0);
            drawn.factor = given.factor.or(Some(dice.magnitude(1.5, 30.0)));
        }
        E::WorkerRestart => {}
    }
    drawn
}

/// So many leases, at least a millisecond.
fn leases(lease: Millis, many: f64) -> Millis {
    Millis::new((lease.get() as f64 * many) as u64).max(Millis::new(1))
}
