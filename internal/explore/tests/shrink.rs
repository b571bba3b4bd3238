//! Shrinking reaches the known minimum of what is known to fail, and spends no more than it may.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use config::{ChaosEvent, Config, Distribution, Overrides};
use explore::{Frame, draw, shrink};
use model::Seed;

const PLENTY: usize = 10_000;

fn scenario(seed: u64) -> Config {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/explore.yaml");
    let frame = Frame::new(Config::load(path, &Overrides::default()).unwrap()).unwrap();
    draw(&frame, Seed(seed))
}

/// It can be read back as it was written.
#[track_caller]
fn assert_valid(scenario: &Config) {
    let again = Config::parse(&scenario.to_yaml(), "tried", &Overrides::default());
    assert_eq!(again.unwrap(), *scenario);
}

fn events(scenario: &Config) -> Vec<ChaosEvent> {
    scenario.chaos.script.iter().map(|line| line.event).collect()
}

/// Whether `wanted` are among the events, in this order.
fn in_order(scenario: &Config, wanted: &[ChaosEvent]) -> bool {
    let mut wanted = wanted.iter().peekable();
    for event in events(scenario) {
        wanted.next_if(|next| **next == event);
    }
    wanted.peek().is_none()
}

/// Scenarios for which it is worth the while.
fn failing(fails: impl Fn(&Config) -> bool) -> Vec<Config> {
    let found: Vec<_> = (0..500).map(scenario).filter(fails).take(10).collect();
    assert_eq!(found.len(), 10, "few scenarios fail");
    found
}

#[test]
fn the_two_faults_that_matter_are_left_and_as_many_workers_as_it_takes() {
    use ChaosEvent::{WorkerCrash, WorkerPause};
    let fails = |config: &Config| {
        config.workers.count >= 3 && in_order(config, &[WorkerCrash, WorkerPause])
    };
    for scenario in failing(fails) {
        let tried = |config: &Config| {
            assert_valid(config);
            fails(config)
        };
        let shrunk = shrink(&scenario, PLENTY, tried);
        assert_eq!(events(&shrunk.scenario), [WorkerCrash, WorkerPause]);
        assert_eq!(shrunk.scenario.workers.count, 3);
        assert_eq!(shrunk.scenario.producers.count, 1);
        assert_eq!(shrunk.scenario.partitions.count, 1);
        assert_eq!(shrunk.scenario.partitions.distribution, Distribution::Uniform);
        assert!(!shrunk.scenario.producers.rate_variation.enabled);
        assert!(!shrunk.scenario.checkpoint.enabled);
        let last = shrunk.scenario.chaos.script[1].at.get();
        let duration = shrunk.scenario.simulation.duration.get();
        assert!(duration <= (last * 10).div_ceil(9) + 10 || duration < 600, "{last} {duration}");
        assert!(shrunk.finished && shrunk.runs < 200, "{}", shrunk.runs);
        assert_eq!(shrunk, shrink(&scenario, PLENTY, fails), "the same again");
    }
}

#[test]
fn many_faults_that_are_all_needed_are_all_left() {
    let enough = |config: &Config| config.chaos.script.len() >= 7;
    for scenario in failing(|config| config.chaos.script.len() > 20) {
        let shrunk = shrink(&scenario, PLENTY, enough);
        assert_eq!(shrunk.scenario.chaos.script.len(), 7);
        assert!(shrunk.scenario.chaos.script.is_sorted_by_key(|line| line.at));
    }
}

#[test]
fn a_rehearsal_that_matters_is_left() {
    let rehearses = |config: &Config| config.checkpoint.rehearsal.is_some();
    for scenario in failing(rehearses) {
        let shrunk = shrink(&scenario, PLENTY, |config| {
            assert_valid(config);
            rehearses(config)
        });
        let (at, duration) =
            (shrunk.scenario.checkpoint.rehearsal.unwrap(), shrunk.scenario.simulation.duration);
        assert!(duration.get() <= (at.get() * 10).div_ceil(9) + 10, "{at} {duration}");
    }
}

#[test]
fn what_would_outlast_a_shorter_run_is_cut() {
    let text = "
simulation: {duration: 20s}
chaos: {enabled: true, script: [{at: 1s, event: worker_crash, restart_after: 5s},
  {at: 2s, event: worker_pause, for: 6s}]}";
    let scenario = Config::parse(text, "long", &Overrides::default()).unwrap();
    let shrunk = shrink(&scenario, PLENTY, |config| {
        assert_valid(config);
        config.chaos.script.len() == 2
    });
    assert!(shrunk.scenario.simulation.duration.get() < 2_300);
}

#[test]
fn what_fails_always_is_left_with_nothing() {
    let shrunk = shrink(&scenario(3), PLENTY, |_| true);
    assert!(shrunk.scenario.chaos.script.is_empty() && !shrunk.scenario.chaos.enabled);
    let counts =
        |config: &Config| (config.workers.count, config.producers.count, config.partitions.count);
    assert_eq!(counts(&shrunk.scenario), (1, 1, 1));
    assert!(shrunk.scenario.simulation.duration.get() < 600);
}

#[test]
fn what_only_fails_as_it_is_stays_as_it_is() {
    let scenario = scenario(4);
    let shrunk = shrink(&scenario, PLENTY, |_| false);
    assert_eq!(shrunk.scenario, scenario);
    assert!(shrunk.finished && shrunk.runs > 10);
}

#[test]
fn a_budget_is_kept_and_what_it_found_is_kept() {
    let scenario = scenario(5);
    for budget in [0, 1, 2, 5, 20] {
        let mut runs = 0;
        let shrunk = shrink(&scenario, budget, |config| {
            runs += 1;
            config.chaos.script.len() >= 3
        });
        assert!(runs <= budget && shrunk.runs == runs && !shrunk.finished, "{runs} of {budget}");
        assert!(shrunk.scenario.chaos.script.len() >= 3);
    }
}

#[test]
fn only_valid_scenarios_are_tried() {
    for seed in 6..16 {
        let mut tried = 0;
        shrink(&scenario(seed), PLENTY, |config| {
            tried += 1;
            assert_valid(config);
            tried % 3 == 0
        });
        assert!(tried > 20, "{tried}");
    }
}
