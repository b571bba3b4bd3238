//! What `chaos` means: the default mix, a script beside or instead of it, an event by hand.

use config::{ChaosEvent, Config, Mixed, Overrides, Parameters, Scripted, Target};

fn parse(text: &str) -> Config {
    Config::parse(text, "c.yaml", &Overrides::default()).expect(text)
}

#[test]
fn chaos_that_is_only_enabled_can_be_carried_out_in_any_run() {
    for nats in [
        "{mode: external}",
        "{mode: external, tls: {required: true}}",
        "{jetstream: {storage: memory}}",
    ] {
        let config = parse(&format!("chaos: {{enabled: true}}\nnats: {nats}\n"));
        assert_eq!(config.chaos.events, ChaosEvent::DEFAULT_MIX.map(Mixed::from).to_vec());
    }
}

#[test]
fn an_entry_is_a_name_or_a_section() {
    let config = parse(
        "chaos:
  events:
    - worker_crash
    - {event: worker_pause, weight: 7, for: 10-20s, target: leader}
  script:
    - at: 90s
      event: worker_pause
      target: leader
      for: 20s
",
    );
    let pause = Parameters {
        lasting: Some("10s-20s".parse().unwrap()),
        target: Some(Target::Leader),
        ..Parameters::default()
    };
    let mixed =
        Mixed { event: ChaosEvent::WorkerPause, weight: Some(7), parameters: pause.clone() };
    assert_eq!(config.chaos.events, [Mixed::from(ChaosEvent::WorkerCrash), mixed]);
    let lasting = Some("20s".parse().unwrap());
    let line = Scripted {
        at: "90s".parse().unwrap(),
        event: ChaosEvent::WorkerPause,
        parameters: Parameters { lasting, ..pause },
    };
    assert_eq!(config.chaos.script, [line]);
    let yaml = config.to_yaml();
    assert!(yaml.contains("  - worker_crash\n"), "{yaml}");
    assert_eq!(parse(&yaml), config);
}

#[test]
fn a_script_stands_alone_unless_there_is_a_mix_beside_it() {
    let script = "script: [{at: 1s, event: scale_up}]";
    let alone = parse(&format!("chaos: {{enabled: true, interval: 2h, {script}}}"));
    assert_eq!((alone.chaos.events.len(), alone.chaos.script.len()), (0, 1));
    assert_eq!(parse(&alone.to_yaml()), alone);
    let both = parse(&format!("chaos: {{events: [scale_down], {script}}}"));
    assert_eq!((both.chaos.events.len(), both.chaos.script.len()), (1, 1));
    assert!(!parse("chaos: {script: []}").chaos.events.is_empty());
}

#[test]
fn an_event_by_hand_is_checked_like_a_line_of_the_script() {
    let config = parse("workers: {count: 3}\nnats: {auth: {token: T0KEN}}\n");
    let asked = config.event_by_hand(r#"{"event": "worker_pause", "for": "10s"}"#, "POST").unwrap();
    assert_eq!(asked.event, ChaosEvent::WorkerPause);
    assert_eq!(asked.parameters.lasting, Some("10s".parse().unwrap()));
    for (json, said) in [
        (
            "pause",
            "POST: not JSON: expected value at line 1 column 1; \
             use a JSON object such as {\"event\": \"worker_pause\", \"for\": \"10s\"}",
        ),
        (
            "[]",
            "POST: a list is not an event; \
             use a JSON object such as {\"event\": \"worker_pause\", \"for\": \"10s\"}",
        ),
        (r#"{"for": "1s"}"#, "POST: event is missing; add it, beside the keys that are there"),
        (
            r#"{"event": "scale_up", "at": "1s"}"#,
            "POST: an event by hand happens at once, so it has no at; leave it out",
        ),
        (r#"{"event": "scale_up", "cuont": 1}"#, "POST: cuont: unknown key; did you mean count?"),
        (
            r#"{"event": "scale_up", "count": "x", "for": "1s"}"#,
            "POST: count: \"x\" is not a whole number; use a whole number from 1 to 1000",
        ),
        (
            r#"{"event": "scale_up", "for": "1s"}"#,
            "POST: for: means nothing for scale_up; leave it out; it may have count",
        ),
        (
            r#"{"event": "worker_pause", "for": "2h", "target": "producer-10"}"#,
            "POST: for: 2h is longer than the run, which is 1h; \
             use at most 1h, or a longer simulation.duration\n\
             POST: target: worker_pause cannot hit producer-10; \
             use worker, leader, or the name of a worker, such as worker-0",
        ),
    ] {
        let error = config.event_by_hand(json, "POST").unwrap_err();
        assert_eq!(error.to_string(), said, "{json}");
    }
    // By hand, too, workers can be added that the configuration does not know of.
    let added = r#"{"event": "worker_crash", "target": "worker-12"}"#;
    assert!(config.event_by_hand(added, "POST").is_ok());
    let nobody = r#"{"event": "worker_crash", "target": "bob"}"#;
    assert!(config.event_by_hand(nobody, "POST").is_err());
    let external = parse("nats: {mode: external}");
    assert!(external.event_by_hand(r#"{"event": "broker_restart"}"#, "POST").is_err());
}
