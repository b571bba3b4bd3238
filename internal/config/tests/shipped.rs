//! Every shipped configuration loads, says what its comments promise, and survives its own text;
//! so does every example of the user's documentation, as it stands there.

use std::time::Duration;

use config::{
    ChaosEvent, Config, Distribution, Isolation, Mixed, Mode, Overrides, drain_bound, offered_load,
};

const SHIPPED: [&str; 10] = [
    "quick-test",
    "dev",
    "realistic",
    "stress",
    "extreme",
    "chaos",
    "explore",
    "selftest",
    "selftest-server",
    "designs",
];

fn shipped(name: &str) -> Config {
    let path = format!("{}/../../configs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    Config::load(path, &Overrides::default()).expect("a shipped configuration loads")
}

fn parse(text: &str) -> Config {
    Config::parse(text, "example", &Overrides::default()).expect("an example loads")
}

#[test]
fn every_shipped_configuration_is_tested_here() {
    let folder = format!("{}/../../configs", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let mut known = SHIPPED.map(|name| format!("{name}.yaml"));
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn a_configuration_survives_its_own_text() {
    for config in SHIPPED.map(shipped).into_iter().chain([Config::default()]) {
        assert_eq!(parse(&config.to_yaml()), config);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
        assert_eq!(parse(&json), config, "JSON is YAML");
    }
    assert_eq!(parse(""), Config::default());
    assert_eq!(parse("# nothing\n"), Config::default());
    assert_eq!(parse("chaos:\nnats:\n  auth:\n  port:\n"), Config::default());
}

#[test]
fn shipped_configurations_have_the_numbers_that_they_promise() {
    //   name, seconds, partitions, msg/s, producers, workers, chaos events
    let table = [
        ("quick-test", 45, 100, 200.0, 2, 8, 4),
        ("dev", 3_600, 100, 10.0, 5, 10, 0),
        ("realistic", 8 * 3_600, 1_500, 15.0, 10, 100, 4),
        ("stress", 12 * 3_600, 1_500, 100.0, 10, 100, 5),
        ("extreme", 24 * 3_600, 1_500, 1_500.0, 20, 200, 6),
        ("chaos", 300, 300, 300.0, 4, 20, 14),
        ("explore", 40, 24, 96.0, 2, 6, 14),
        ("selftest", 30, 16, 96.0, 2, 5, 14),
        ("selftest-server", 12, 24, 240.0, 2, 4, 0),
        ("designs", 120, 60, 300.0, 2, 6, 7),
    ];
    for (name, seconds, partitions, rate, producers, workers, events) in table {
        let config = shipped(name);
        let (duration, load) = (config.simulation.duration.duration(), offered_load(&config));
        assert_eq!(duration, Duration::from_secs(seconds), "{name}");
        assert_eq!(config.partitions.count, partitions, "{name}");
        assert!((load.total_rate - rate).abs() < 0.1, "{name}: {}", load.total_rate);
        assert_eq!((config.producers.count, config.workers.count), (producers, workers), "{name}");
        let chaos = if config.chaos.enabled { config.chaos.events.len() } else { 0 };
        assert_eq!(chaos, events, "{name}");
        assert_eq!(config.simulation.mode, Mode::AllInOne);
    }
}

#[test]
fn the_shipped_chaos_really_breaks_processes() {
    let config = shipped("chaos");
    assert_eq!(config.workers.isolation, Isolation::Process);
    assert_eq!(config.producers.isolation, Isolation::Process);
    assert!(config.checkpoint.enabled);
    let mut listed: Vec<_> = config.chaos.events.iter().map(|mixed| mixed.event).collect();
    listed.sort();
    let mut all = ChaosEvent::ALL;
    all.sort();
    assert_eq!(listed, all);
}

#[test]
fn shipped_configurations_keep_up_and_only_extreme_falls_behind_at_its_peaks() {
    for name in SHIPPED {
        let config = shipped(name);
        let load = offered_load(&config);
        let sustained = load.hottest_partition_load / load.peak_factor * load.mean_factor;
        assert!(sustained < 1.0, "{name}: {load:?}");
        assert!(load.busiest_worker_load < 1.0, "{name}: {load:?}");
        let window = config.coordinator.validation_window.duration();
        assert_eq!(load.warnings.is_empty(), name != "extreme", "{name}: {load:?}");
        assert_eq!(drain_bound(&config) == window, name != "extreme", "{name}");
        assert!(drain_bound(&config) < 2 * window, "{name}: {:?}", drain_bound(&config));
    }
}

#[test]
fn the_users_development_example_loads_as_it_stands() {
    let config = parse(include_str!("examples/development.yaml"));
    assert_eq!(config.simulation.duration.to_string(), "1h");
    assert_eq!(config.simulation.mode, Mode::AllInOne);
    assert_eq!((config.partitions.count, config.workers.count), (100, 10));
    assert_eq!(config.partitions.distribution, Distribution::Uniform);
    assert!(!config.chaos.enabled && !config.metrics.prometheus.enabled);
}

#[test]
fn the_users_realistic_example_loads_as_it_stands() {
    use ChaosEvent::{ScaleDown, ScaleUp, WorkerCrash, WorkerRestart};
    let config = parse(include_str!("examples/realistic.yaml"));
    assert_eq!(config.simulation.duration.to_string(), "8h");
    assert_eq!(config.partitions.weights.exponential.extreme_weight, 100);
    let events = [WorkerCrash, WorkerRestart, ScaleUp, ScaleDown].map(Mixed::from);
    assert_eq!(config.chaos.events, events);
    assert_eq!(config.chaos.interval.to_string(), "10m-30m");
    assert_eq!(config.metrics.prometheus.port, 9091);
    assert_eq!(config.checkpoint.interval.to_string(), "30m");
    assert_eq!(config.checkpoint.path.to_str(), Some("./checkpoints"));
}

#[test]
fn the_users_production_example_loads_as_it_stands() {
    let config = parse(include_str!("examples/production.yaml"));
    assert_eq!((config.partitions.count, config.workers.count), (1_500, 100));
}
