//! Loads, warnings and the drain bound, against numbers worked out by hand.

use std::time::Duration;

use config::{Config, Overrides, drain_bound, offered_load, weights};
use model::{PartitionId, Seed, Weight};

fn parse(text: &str) -> Config {
    Config::parse(text, "c.yaml", &Overrides::default()).expect("the text is a configuration")
}

/// 10 partitions, one of weight 11: it gets 11/20 of 10 × rate.
fn hot(rate: f64, delay: &str, more: &str) -> Config {
    parse(&format!(
        "simulation: {{seed: 7, duration: 100s}}
partitions:
  count: 10
  message_rate_per_partition: {rate}
  distribution: exponential
  weights: {{exponential: {{extreme_percent: 0.1, extreme_weight: 11}}}}
workers: {{count: 2, concurrency: 1, processing_delay: {delay}, strategy_config: {{load_bound: 2}}}}
coordinator: {{validation_window: 10s}}
{more}"
    ))
}

fn near(one: f64, two: f64) -> bool {
    (one - two).abs() < 1e-9
}

#[test]
fn a_load_is_rate_times_mean_delay_times_peak() {
    let load = offered_load(&hot(2.0, "40-60ms", ""));
    assert!(near(load.hottest_partition_load, 11.0 * 0.05), "{load:?}");
    assert!(near(load.total_rate, 20.0));
    // Two workers share a load of 1; twice the mean of 0.5 is more than the hottest partition.
    assert!(near(load.busiest_worker_load, 1.0), "{load:?}");
    assert!(load.warnings.is_empty(), "{load:?}");
    assert!(near(load.peak_factor, 1.0) && near(load.mean_factor, 1.0));

    let variation = "producers: {count: 1, rate_variation: {enabled: true, min: 0.5, max: 1.5}}";
    let load = offered_load(&hot(2.0, "40-60ms", variation));
    assert!(near(load.hottest_partition_load, 11.0 * 0.05 * 1.5), "{load:?}");
    assert!(near(load.peak_factor, 1.5) && near(load.mean_factor, 1.0));
    assert_eq!(load.warnings.len(), 1, "{load:?}");
}

#[test]
fn the_hottest_partition_is_named_if_it_is_known() {
    let config = hot(1.0, "10ms", "");
    let hottest = offered_load(&config).hottest_partition.unwrap();
    assert_eq!(weights(&config, Seed(7)).get(hottest), Some(Weight(11)));
    let mut config = config;
    config.simulation.seed = None;
    assert_eq!(offered_load(&config).hottest_partition, None);
    assert_eq!(offered_load(&Config::default()).hottest_partition, Some(PartitionId(0)));
    assert_eq!(weights(&Config::default(), Seed(7)).total(), 100);
}

#[test]
fn a_heavy_partition_sets_the_load_of_its_worker() {
    let mut config = hot(2.0, "50ms", "");
    config.workers.count = 100;
    config.workers.concurrency = 2;
    assert!(near(offered_load(&config).busiest_worker_load, 0.55 / 2.0));
}

#[test]
fn what_cannot_keep_up_is_warned_of() {
    let load = offered_load(&hot(4.0, "50ms", ""));
    assert_eq!(
        load.warnings,
        [
            "the heaviest partition gets 1.10 s of work per second: that backlog cannot drain in \
         time; lower message_rate_per_partition, extreme_weight or processing_delay",
            "the busiest worker, per handler, gets 2.00 s of work per second: that backlog cannot \
         drain in time; lower message_rate_per_partition or processing_delay, or use more workers \
         or concurrency",
        ]
    );
}

#[test]
fn the_drain_bound_is_the_window_and_the_backlog() {
    let bound = |config: &Config| drain_bound(config).as_secs_f64();
    assert!(near(bound(&hot(2.0, "50ms", "")), 10.0));
    // The workers' load of 2.0 over 100 s leaves 100 s of work.
    assert!(near(bound(&hot(4.0, "50ms", "")), 10.0 + 100.0));
    // Load 1 on average, 1.5 at the peak of a swing of 20 s.
    let vary = "producers: {count: 1, rate_variation: \
                {enabled: true, min: 0.5, max: 1.5, ramp_interval: 10s}}";
    assert!(near(bound(&hot(2.0, "50ms", vary)), 10.0 + 0.5 * 20.0));
    // A swing longer than the run counts only as long as the run.
    let slow = vary.replace("10s", "10h");
    assert!(near(bound(&hot(2.0, "50ms", &slow)), 10.0 + 0.5 * 100.0));
    // Both: 2 on average, 3 at the peak.
    assert!(near(bound(&hot(4.0, "50ms", vary)), 10.0 + 100.0 + 2.0 * 20.0));
}

#[test]
fn the_drain_bound_of_the_worst_configuration_is_finite() {
    let worst = parse(
        "simulation: {duration: 365d}
partitions: {count: 100000, message_rate_per_partition: 1000000, distribution: exponential,
             weights: {exponential: {extreme_percent: 0.000001, extreme_weight: 1000000}}}
producers: {rate_variation: {enabled: true, min: 999, max: 1000, ramp_interval: 365d}}
workers: {count: 1, concurrency: 1, processing_delay: 365d}",
    );
    assert!(drain_bound(&worst) <= Duration::from_secs(101 * 365 * 86_400));
    assert!(offered_load(&worst).hottest_partition_load.is_finite());
}
