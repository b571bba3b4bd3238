//! Scenarios over many seeds: valid, the same again, within the frame, with time to heal, and all that
//! the frame allows comes up.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use chaos::schedule;
use config::{
    AssignmentStrategy, ChaosEvent, Config, Distribution, Millis, Overrides, RestartAfter,
    offered_load,
};
use explore::{Frame, draw};
use model::Seed;

fn parse(text: &str) -> Config {
    Config::parse(text, "c.yaml", &Overrides::default()).unwrap()
}

fn shipped() -> Frame {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/explore.yaml");
    Frame::new(Config::load(path, &Overrides::default()).unwrap()).unwrap()
}

/// Frames at the edges of what is allowed.
fn edges() -> Vec<Frame> {
    let smallest = "
simulation: {duration: 5s}
partitions: {count: 1, message_rate_per_partition: 0.001}
producers: {count: 1}
workers: {count: 2, lease: 500ms, concurrency: 1, processing_delay: 0ms,
  strategy_config: {virtual_nodes: 1, load_bound: 1.001}}
coordinator: {trim_after: 1}
checkpoint: {enabled: true, interval: 1s, rehearsal: 2s}
chaos: {enabled: true, interval: 4s, restart_after: 0s, events: [slow_worker]}";
    let largest = "
simulation: {duration: 365d}
partitions: {count: 100000, message_rate_per_partition: 1000000, distribution: exponential,
  weights: {exponential: {extreme_percent: 0.999, extreme_weight: 1000000, normal_weight: 1000000}}}
producers: {count: 100000, rate_variation: {enabled: true, min: 999, max: 1000}}
workers: {count: 1000, lease: 1h, concurrency: 10000, processing_delay: 1h}
chaos: {enabled: true, interval: 1ms, events: [network_delay, {event: worker_crash, weight: 0}]}";
    let given = "
simulation: {duration: 10s}
workers: {count: 3, isolation: process}
nats: {name_prefix: mine, auth: {}}
metrics: {prometheus: {enabled: true}}
checkpoint: {enabled: true}
chaos:
  enabled: true
  interval: 1s
  token: secret
  events:
    - {event: worker_pause, for: 9s, target: leader}
    - {event: worker_pause, for: 1s, target: leader}
    - {event: network_delay, delay: 5ms}
    - {event: network_delay, delay: 5ms, jitter: 5ms}
    - {event: worker_crash, restart_after: 9s}
    - {event: scale_up, count: 1000}
    - {event: broker_restart, kill: true}";
    [smallest, largest, given].map(|text| Frame::new(parse(text)).unwrap()).to_vec()
}

/// Checkpoints are there for a rehearsal only, which has one before it, and some of the run after it.
fn check_checkpoints(within: &Config, scenario: &Config, seed: u64) {
    let checkpoint = &scenario.checkpoint;
    assert_eq!(checkpoint.enabled, checkpoint.rehearsal.is_some(), "seed {seed}");
    if let Some(rehearsal) = checkpoint.rehearsal {
        assert!(within.checkpoint.rehearsal.is_some(), "seed {seed}: what is off stays off");
        assert!(checkpoint.interval < rehearsal, "seed {seed}: nothing to go on from");
        assert!(rehearsal < scenario.simulation.duration, "seed {seed}: never");
    }
}

/// A scenario is as small as its frame, and nothing in it is missing or wrong.
fn check(frame: &Frame, seed: u64) -> Config {
    let (within, scenario) = (frame.config(), draw(frame, Seed(seed)));
    assert_eq!(scenario, draw(frame, Seed(seed)), "seed {seed}: not the same again");
    assert_eq!(parse(&scenario.to_yaml()), scenario, "seed {seed}: another one in its text");
    assert_eq!(scenario.simulation.seed, Some(seed));
    let (workers, most) = (&scenario.workers, &within.workers);
    assert!((2..=most.count).contains(&workers.count), "seed {seed}");
    assert!(workers.lease <= most.lease && workers.concurrency <= most.concurrency, "seed {seed}");
    assert!(workers.processing_delay.max <= most.processing_delay.max, "seed {seed}");
    assert!(workers.strategy_config.load_bound <= most.strategy_config.load_bound, "seed {seed}");
    assert!(workers.strategy_config.virtual_nodes <= most.strategy_config.virtual_nodes);
    assert!(scenario.partitions.count <= within.partitions.count, "seed {seed}");
    let rate = |config: &Config| config.partitions.message_rate_per_partition;
    assert!(rate(&scenario) <= rate(within), "seed {seed}");
    assert!(scenario.producers.count <= within.producers.count, "seed {seed}");
    let (variation, widest) =
        (&scenario.producers.rate_variation, &within.producers.rate_variation);
    assert!(widest.enabled || !variation.enabled, "seed {seed}: what is off stays off");
    assert!(widest.min <= variation.min && variation.max <= widest.max, "seed {seed}");
    let is_exponential =
        |config: &Config| config.partitions.distribution == Distribution::Exponential;
    assert!(is_exponential(within) || !is_exponential(&scenario), "seed {seed}");
    let duration = scenario.simulation.duration;
    assert!(duration <= within.simulation.duration, "seed {seed}");
    assert!(duration.get() >= within.simulation.duration.get() / 2, "seed {seed}");
    assert!(scenario.coordinator.trim_after <= within.coordinator.trim_after, "seed {seed}");
    assert!(!scenario.metrics.prometheus.enabled);
    check_checkpoints(within, &scenario, seed);
    let load = offered_load(&scenario);
    let busiest = load.hottest_partition_load.max(load.busiest_worker_load);
    assert!(busiest < 0.31, "seed {seed}: {busiest}");
    check_faults(frame, &scenario, seed);
    scenario
}

/// Faults are those of the frame, and over while there is time to heal.
fn check_faults(frame: &Frame, scenario: &Config, seed: u64) {
    let (within, faults) = (&frame.config().chaos, &scenario.chaos);
    assert!(faults.enabled && faults.events.is_empty(), "seed {seed}");
    assert!((1..=80).contains(&faults.script.len()), "seed {seed}: {}", faults.script.len());
    assert!(faults.token.is_none());
    let duration = scenario.simulation.duration.get();
    let quiet = (scenario.workers.lease.get() * 5).min(duration / 2);
    for line in &faults.script {
        let possible = |event: ChaosEvent| {
            within.events.iter().any(|mixed| mixed.event == event && mixed.weight() > 0)
        };
        assert!(possible(line.event), "seed {seed}: {}", line.event);
        let away = match line.parameters.restart_after {
            Some(RestartAfter::Some(away)) => Some(away),
            _ => None,
        };
        let lasts = line.parameters.lasting.map(|lasting| lasting.max).or(away);
        let over = line.at.get() + lasts.unwrap_or_default().get();
        assert!(over + quiet <= duration + 1, "seed {seed}: {line:?} of {duration} ms");
    }
    // The script leaves nothing to be drawn but whom it hits.
    let (one, other) = (schedule(scenario, Seed(seed)), schedule(scenario, Seed(seed + 1)));
    let whole = |all: &[chaos::Planned]| -> Vec<_> {
        all.iter().map(|p| (p.at, p.event, p.target.clone(), p.how)).collect()
    };
    assert_eq!(whole(&one), whole(&other), "seed {seed}");
    assert_eq!(one.len(), faults.script.len(), "seed {seed}");
}

#[test]
fn every_scenario_is_valid_and_within_its_frame() {
    let frame = shipped();
    for seed in 0..1_000 {
        check(&frame, seed);
    }
    for frame in edges() {
        for seed in (0..100).chain([u64::MAX - 1]) {
            check(&frame, seed);
        }
    }
}

#[test]
fn different_seeds_have_different_scenarios() {
    let frame = shipped();
    let mut texts = BTreeSet::new();
    for seed in 0..1_000 {
        let mut scenario = draw(&frame, Seed(seed));
        scenario.simulation.seed = None;
        assert!(texts.insert(serde_json::to_string(&scenario).unwrap()), "seed {seed}");
    }
}

#[test]
fn all_that_the_frame_allows_comes_up() {
    let frame = shipped();
    let (mut events, mut strategies) = (BTreeMap::new(), BTreeMap::new());
    let (mut counts, mut pauses) = (BTreeSet::new(), Vec::new());
    let (mut uniform, mut vary, mut never, mut alone, mut overlap) = (0, 0, 0, 0, 0);
    let mut rehearsals = 0;
    for seed in 0..1_000 {
        let scenario = draw(&frame, Seed(seed));
        let lease = scenario.workers.lease.as_secs_f64();
        let kinds: BTreeSet<_> = scenario.chaos.script.iter().map(|line| line.event).collect();
        alone += usize::from(kinds.len() == 1);
        kinds.iter().for_each(|event| *events.entry(*event).or_insert(0) += 1);
        let strategy = format!("{:?}", scenario.workers.assignment_strategy);
        *strategies.entry(strategy).or_insert(0) += 1;
        counts.insert(("workers", scenario.workers.count));
        counts.insert(("producers", scenario.producers.count));
        counts.insert(("partitions", scenario.partitions.count));
        uniform += usize::from(scenario.partitions.distribution == Distribution::Uniform);
        rehearsals += usize::from(scenario.checkpoint.rehearsal.is_some());
        vary += usize::from(scenario.producers.rate_variation.enabled);
        for (line, next) in scenario.chaos.script.iter().zip(&scenario.chaos.script[1..]) {
            let lasting = line.parameters.lasting.map_or(Millis::new(0), |span| span.max);
            overlap += usize::from(line.at.get() + lasting.get() > next.at.get());
            never += usize::from(line.parameters.restart_after == Some(RestartAfter::Never));
            if line.event == ChaosEvent::WorkerPause {
                pauses.push(lasting.as_secs_f64() / lease);
            }
        }
    }
    assert_eq!(events.len(), ChaosEvent::ALL.len(), "{events:?}");
    assert!(events.values().all(|seeds| (200..800).contains(seeds)), "{events:?}");
    assert!((280..390).contains(&rehearsals), "{rehearsals}");
    assert_eq!(strategies.len(), 3, "{strategies:?}");
    let weighted = format!("{:?}", AssignmentStrategy::WeightedConsistentHash);
    assert!((400..600).contains(&strategies[&weighted]), "{strategies:?}");
    assert_eq!(counts.len(), 5 + 2 + 24, "{counts:?}");
    assert!((400..900).contains(&uniform) && (300..700).contains(&vary), "{uniform} {vary}");
    assert!(never > 100 && alone > 0 && overlap > 1_000, "{never} {alone} {overlap}");
    let shorter = pauses.iter().filter(|leases| **leases < 0.5).count();
    let longer = pauses.iter().filter(|leases| **leases > 1.5).count();
    assert!(shorter * 5 > pauses.len() && longer * 5 > pauses.len(), "{shorter} {longer}");
}

#[test]
fn what_is_no_frame_says_what_would_be() {
    let five = "simulation: {duration: 5s}\nchaos: {enabled: true, interval: 1s";
    for (text, says) in [
        ("chaos: {enabled: false}", "chaos has no events"),
        (&format!("{five}, script: [{{at: 1s, event: scale_up}}]}}"), "chaos has no events"),
        (
            &format!("{five}, events: [scale_up], script: [{{at: 1s, event: scale_up}}]}}"),
            "leave the script out",
        ),
        (
            &format!("{five}, events: [{{event: worker_crash, target: worker-3}}]}}"),
            "an event hits worker-3",
        ),
        (&format!("{five}}}\nworkers: {{count: 1}}"), "workers.count is 1; use at least 2"),
        (
            "simulation: {duration: 4s}\nchaos: {enabled: true, interval: 1s}",
            "is 4s; use at least 5s",
        ),
    ] {
        let error = Frame::new(parse(text)).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}
