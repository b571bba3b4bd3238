//! What `--set`, the named options and `NATS_URL` do to a configuration.

use config::{Config, NatsMode, Overrides, parse_setting};

fn set(settings: &[&str]) -> Overrides {
    let set = settings.iter().map(|setting| parse_setting(setting).expect("path=value")).collect();
    Overrides { set, ..Overrides::default() }
}

#[test]
fn settings_win_over_the_file_and_later_ones_over_earlier_ones() {
    let text = "partitions:\n  count: 7\nproducers:\nworkers:\n  processing_delay: 20ms\n";
    let overrides = set(&[
        "partitions.count=8",
        "partitions.count = 9",
        "producers.count=3",
        "chaos.events=[leader_failure, scale_up]",
        "workers.processing_delay={min: 1ms, max: 2ms}",
        "workers.processing_delay.max=5ms",
        "nats.jetstream.max_memory=1GiB",
    ]);
    let config = Config::parse(text, "c.yaml", &overrides).unwrap();
    assert_eq!((config.partitions.count, config.producers.count), (9, 3));
    assert_eq!(config.workers.processing_delay.to_string(), "1ms-5ms");
    assert_eq!(config.chaos.events.len(), 2);
    assert_eq!(config.nats.jetstream.max_memory.bytes(), 1 << 30);
}

#[test]
fn a_setting_can_mend_what_is_wrong_in_the_file() {
    let config = Config::parse("partitions:\n  count: 0\n", "c", &set(&["partitions.count=10"]));
    assert_eq!(config.unwrap().partitions.count, 10);
    let config = Config::parse("simulation:\n  seed: 5\n", "c", &set(&["simulation.seed=null"]));
    assert_eq!(config.unwrap().simulation.seed, None);
}

#[test]
fn what_is_wrong_with_a_setting_is_said_without_a_line() {
    for (setting, message) in [
        ("partition.count=1", "partition.count: unknown key; did you mean partitions.count?"),
        (
            "workers.speed=1",
            "workers.speed: unknown key; use one of assignment_strategy, \
          concurrency, consumption, count, isolation, lease, processing_delay, strategy_config",
        ),
        ("chaos.events[0]=x", "chaos.events[0]: unknown key; did you mean chaos.events?"),
        (
            "partitions.count=0",
            "partitions.count: 0 is out of range; \
          use a whole number from 1 to 100000",
        ),
        (
            "partitions.count=",
            "partitions.count: has no value; \
          use a whole number from 1 to 100000, or leave the key out",
        ),
        (
            "chaos.events=[",
            "chaos.events: the value is not YAML: did not find expected node \
          content, while parsing a flow node; put the value in quotes",
        ),
        (
            "workers.processing_delay.min=1ms",
            "workers.processing_delay.min: \
          workers.processing_delay is not a section but \"20ms\", so no part can be set; \
          set workers.processing_delay as a whole",
        ),
        (
            "workers.lease=1ms",
            "workers.lease: 1ms is too short; \
          use a duration of at least 500ms",
        ),
        (
            "partitions.count=5",
            "producers.count: 10 is more than partitions.count, \
          which is 5; use a whole number from 1 to 5",
        ),
    ] {
        let text = "workers:\n  processing_delay: 20ms\n  lease: 1\n";
        let text = if setting.starts_with("workers.l") { text } else { &text[..36] };
        let error = Config::parse(text, "c.yaml", &set(&[setting])).unwrap_err();
        assert_eq!(error.to_string(), format!("--set: {message}"), "{setting}");
    }
    assert_eq!(
        parse_setting("partitions.count").unwrap_err().to_string(),
        "\"partitions.count\" is not a setting; use path=value, such as partitions.count=10"
    );
    assert!(parse_setting("=1").is_err());
    assert_eq!(parse_setting("a=b=c").unwrap(), ("a".into(), "b=c".into()));
}

#[test]
fn nats_url_makes_the_broker_external_unless_a_setting_says_otherwise() {
    let with = |url: &str, mut overrides: Overrides| {
        overrides.nats_url = Some(url.into());
        Config::parse("nats:\n  url: nats://file:1\n", "c.yaml", &overrides)
    };
    let nats = with("nats://env:2, nats://env:3", Overrides::default()).unwrap().nats;
    assert_eq!(nats.mode, NatsMode::External);
    assert_eq!(nats.url.reveal(), ["nats://env:2", "nats://env:3"]);
    let nats = with("", Overrides::default()).unwrap().nats;
    assert_eq!((nats.mode, nats.url.to_string()), (NatsMode::Embedded, "nats://file:1".into()));
    let nats = with("nats://env:2", set(&["nats.mode=embedded"])).unwrap().nats;
    assert_eq!(nats.mode, NatsMode::Embedded);
    assert_eq!(
        with("ftp://env", Overrides::default()).unwrap_err().to_string(),
        "NATS_URL: nats.url: \"ftp://env\" is not an address; \
         use nats://host:port or tls://host:port, several separated by commas"
    );
}

#[test]
fn named_options_win_over_settings() {
    let overrides = Overrides {
        mode: Some("worker".into()),
        duration: Some("5m".into()),
        seed: Some(u64::MAX),
        ..set(&["simulation.mode=producer", "simulation.duration=1m", "simulation.seed=1"])
    };
    let simulation = Config::parse("", "c.yaml", &overrides).unwrap().simulation;
    assert_eq!(simulation.mode, config::Mode::Worker);
    assert_eq!(simulation.duration.to_string(), "5m");
    assert_eq!(simulation.seed, Some(u64::MAX));
    let overrides =
        Overrides { mode: Some("boss".into()), duration: Some("5".into()), ..Overrides::default() };
    assert_eq!(
        Config::parse("", "c.yaml", &overrides).unwrap_err().to_string(),
        "--duration: simulation.duration: 5 has no unit; add one of ms, s, m, h, d, such as 5s\n\
         --mode: simulation.mode: \"boss\" is not known; \
         use one of all-in-one, producer, worker, coordinator, chaos"
    );
}
