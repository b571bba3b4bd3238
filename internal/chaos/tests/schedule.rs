//! The schedule: pure in seed and configuration, weighted, complete, and merged with the script.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use chaos::{How, Network, Planned, schedule};
use config::{ChaosEvent, Config, Overrides, Target};
use model::Seed;

fn config(text: &str) -> Config {
    Config::parse(text, "c.yaml", &Overrides::default()).unwrap()
}

/// Every event, every 4 to 7 seconds, for so many seconds.
fn every(seconds: u32, more: &str) -> Config {
    let all = ChaosEvent::ALL.map(ChaosEvent::name).join(", ");
    config(&format!(
        "simulation: {{duration: {seconds}s}}
workers: {{lease: 2s, count: 20}}
chaos:
  enabled: true
  interval: 4-7s
  events: [{all}]
  {more}"
    ))
}

fn counts(planned: &[Planned]) -> BTreeMap<ChaosEvent, usize> {
    let mut counts = BTreeMap::new();
    planned.iter().for_each(|planned| *counts.entry(planned.event).or_default() += 1);
    counts
}

#[test]
fn the_same_seed_gives_the_same_schedule() {
    let config = every(600, "");
    assert_eq!(schedule(&config, Seed(1)), schedule(&config, Seed(1)));
    assert_ne!(schedule(&config, Seed(1)), schedule(&config, Seed(2)));
}

#[test]
fn gaps_are_in_the_interval_up_to_the_end_of_the_run() {
    let planned = schedule(&every(600, ""), Seed(3));
    let mut before = Duration::ZERO;
    for Planned { at, .. } in &planned {
        let gap = (*at - before).as_secs_f64();
        assert!((4.0..=7.0).contains(&gap), "{gap}");
        before = *at;
    }
    assert!(before < Duration::from_secs(600) && before > Duration::from_secs(590));
}

#[test]
fn every_event_happens_if_there_is_time_for_as_many() {
    for seed in 0..200 {
        let planned = schedule(&every(120, ""), Seed(seed));
        let counts = counts(&planned);
        assert!(planned.len() >= ChaosEvent::ALL.len());
        assert_eq!(counts.len(), ChaosEvent::ALL.len(), "seed {seed}: {counts:?}");
        // With less time than that, no event happens twice.
        let few = schedule(&every(40, ""), Seed(seed));
        assert!(few.len() >= 4 && self::counts(&few).values().all(|count| *count == 1), "{few:?}");
    }
}

#[test]
fn events_happen_as_often_as_their_weights_say() {
    let planned = schedule(&every(60_000, ""), Seed(5));
    let counts = counts(&planned);
    let total: u32 = ChaosEvent::ALL.iter().map(|event| event.default_weight()).sum();
    for event in ChaosEvent::ALL {
        let share = f64::from(event.default_weight()) / f64::from(total);
        let expected = share * planned.len() as f64;
        let (is, far) = (counts[&event] as f64, 5.0 * (expected * (1.0 - share)).sqrt());
        assert!((is - expected).abs() < far, "{event}: {is}, not {expected} ± {far}");
    }
}

#[test]
fn an_event_without_weight_never_happens() {
    let config = config(
        "chaos: {enabled: true, interval: 1s, events: [scale_up, {event: scale_down, weight: 0}]}",
    );
    assert_eq!(
        counts(&schedule(&config, Seed(1))).keys().collect::<Vec<_>>(),
        [&ChaosEvent::ScaleUp]
    );
}

#[test]
fn a_script_is_merged_and_disturbs_nothing() {
    let script = "script: [{at: 90s, event: worker_pause, target: leader, for: 20s}]";
    let (without, mut with) =
        (schedule(&every(600, ""), Seed(7)), schedule(&every(600, script), Seed(7)));
    assert!(with.is_sorted_by_key(|planned| planned.at));
    let place = with.iter().position(|planned| planned.at == Duration::from_secs(90)).unwrap();
    let line = with.remove(place);
    assert_eq!(with, without);
    assert_eq!((line.event, line.target), (ChaosEvent::WorkerPause, Some(Target::Leader)));
    assert_eq!(line.how, How::Pause { lasting: Duration::from_secs(20) });
    let alone = config("chaos: {enabled: true, interval: 1h, script: [{at: 1s, event: scale_up}]}");
    assert_eq!(schedule(&alone, Seed(1)).len(), 1);
}

#[test]
fn a_line_less_in_the_script_changes_nothing_about_the_others() {
    let lines: Vec<_> =
        (1..20).map(|second| format!("{{at: {second}s, event: network_disconnect}}")).collect();
    let with = |lines: &[String]| {
        let script = lines.join(", ");
        schedule(&config(&format!("chaos: {{enabled: true, script: [{script}]}}")), Seed(5))
    };
    let all = with(&lines);
    let picks: std::collections::BTreeSet<_> = all.iter().map(|planned| planned.pick).collect();
    assert_eq!(picks.len(), lines.len(), "each draws for itself");
    for left_out in 0..lines.len() {
        let (mut fewer, mut expected) = (lines.clone(), all.clone());
        fewer.remove(left_out);
        expected.remove(left_out);
        assert_eq!(with(&fewer), expected);
    }
}

#[test]
fn nothing_to_do_is_an_empty_schedule() {
    assert!(schedule(&config("chaos: {interval: 1s}"), Seed(1)).is_empty());
}

#[test]
fn a_schedule_is_bounded() {
    let config = config("simulation: {duration: 365d}\nchaos: {enabled: true, interval: 1ms}");
    assert_eq!(schedule(&config, Seed(1)).len(), chaos::PLANNED_MAX);
}

#[test]
fn what_is_not_given_suits_the_lease() {
    let seconds = Duration::as_secs_f64;
    let mut coins = BTreeMap::new();
    for planned in schedule(&every(6_000, ""), Seed(9)) {
        let (lasting, lease) = (planned.how.lasting().as_ref().map(seconds), 2.0);
        let leases = |low: f64, high: f64| {
            let lasting = lasting.unwrap() / lease;
            assert!((low - 0.001..=high).contains(&lasting), "{planned}");
        };
        match planned.how {
            How::Crash { restart_after } => {
                assert_eq!(restart_after, Some(Duration::from_secs(10)))
            }
            // A pause that its lease outlives makes no zombie.
            How::Pause { .. } => leases(1.5, 3.0),
            How::Join { count } | How::Leave { count } => assert!((1..=5).contains(&count)),
            How::Roll { pause_between } => assert_eq!(pause_between.as_millis(), 500),
            How::Network { network, .. } => match network {
                Network::Cut | Network::HalfOpen => {
                    leases(1.5, 3.0);
                    coins.insert(
                        "half_open",
                        coins.get("half_open").unwrap_or(&0)
                            | 1 << u8::from(network == Network::Cut),
                    );
                }
                Network::Delayed { delay, jitter } => {
                    assert_eq!((delay.as_millis(), jitter.as_millis()), (200, 100));
                }
                other => assert_eq!(other, Network::Lossy { loss: 0.05 }),
            },
            How::Broker { kill, .. } => {
                leases(0.5, 1.5);
                coins.insert("kill", coins.get("kill").unwrap_or(&0) | 1 << u8::from(kill));
            }
            How::Slow { factor, .. } => assert!((factor - 4.0).abs() < f64::EPSILON),
            How::Restart {} => {}
        }
    }
    assert_eq!(coins, BTreeMap::from([("half_open", 3), ("kill", 3)]), "both sides come up");
}

#[test]
fn what_is_given_is_taken() {
    let given = |line: &str| {
        let text = format!("chaos: {{enabled: true, script: [{{at: 1s, {line}}}]}}");
        let planned = schedule(&config(&text), Seed(1)).remove(0);
        (planned.target.as_ref().map(ToString::to_string), planned.how)
    };
    let second = Duration::from_secs(1);
    let to = |target: &str| Some(target.to_owned());
    assert_eq!(
        given("event: worker_crash, restart_after: never, target: worker-3"),
        (to("worker-3"), How::Crash { restart_after: None })
    );
    assert_eq!(
        given("event: leader_failure, restart_after: 1s"),
        (to("leader"), How::Crash { restart_after: Some(second) })
    );
    assert_eq!(given("event: producer_crash").0, to("producer"));
    assert_eq!(given("event: scale_up, count: 7"), (None, How::Join { count: 7 }));
    assert_eq!(given("event: scale_down, count: 7"), (None, How::Leave { count: 7 }));
    assert_eq!(
        given("event: rolling_restart, pause_between: 1s").1,
        How::Roll { pause_between: second }
    );
    assert_eq!(
        given("event: network_disconnect, half_open: true, for: 1s").1,
        How::Network { lasting: second, network: Network::HalfOpen }
    );
    assert_eq!(
        given("event: network_delay, delay: 1s, jitter: 0s, for: 1s, target: any"),
        (
            to("any"),
            How::Network {
                lasting: second,
                network: Network::Delayed { delay: second, jitter: Duration::ZERO }
            }
        )
    );
    assert_eq!(
        given("event: network_lossy, loss: 0.5, for: 1s").1,
        How::Network { lasting: second, network: Network::Lossy { loss: 0.5 } }
    );
    assert_eq!(
        given("event: broker_restart, kill: true, for: 1s"),
        (None, How::Broker { lasting: second, kill: true })
    );
    assert_eq!(
        given("event: slow_worker, factor: 9, for: 1s").1,
        How::Slow { lasting: second, factor: 9.0 }
    );
}

#[test]
fn a_planned_fault_can_be_read_by_people_and_by_programs() {
    let script = "script: [{at: 90s, event: worker_pause, target: leader, for: 20s},
    {at: 91s, event: network_delay, delay: 300ms, jitter: 10ms, for: 1500ms},
    {at: 92s, event: worker_crash, restart_after: never}]";
    let config = config(&format!("chaos: {{enabled: true, {script}}}"));
    let planned = schedule(&config, Seed(1));
    let lines: Vec<_> = planned.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "    90.0 s  worker_pause on leader for 20.0 s",
            "    91.0 s  network_delay on worker for 1.5 s, 300 ± 10 ms later",
            "    92.0 s  worker_crash on worker, never back",
        ]
    );
    let mut json = serde_json::to_value(&planned).unwrap();
    json.as_array_mut().unwrap().iter_mut().for_each(|planned| planned["pick"] = 0.into());
    assert_eq!(
        json,
        serde_json::json!([
            {"at": 90.0, "event": "worker_pause", "target": "leader", "for": 20.0, "pick": 0},
            {"at": 91.0, "event": "network_delay", "target": "worker", "for": 1.5,
             "network": {"delayed": {"delay": 0.3, "jitter": 0.01}}, "pick": 0},
            {"at": 92.0, "event": "worker_crash", "target": "worker", "restart_after": null,
             "pick": 0},
        ])
    );
}
