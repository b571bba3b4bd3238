//! A whole run in one process: the verdict, the report, the events, the seed.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Place, Program, TINY, assert_passed, number, run};
use serde_json::Value;

const EVENTS: [&str; 6] = [
    "worker_crash",
    "worker_restart",
    "scale_up",
    "scale_down",
    "leader_failure",
    "producer_crash",
];

#[tokio::test]
async fn a_run_with_every_fault_passes() {
    let place = Place::new("soak");
    let chaos = format!(
        "chaos: {{enabled: true, interval: 700ms-1100ms, restart_after: 1500ms, events: [{}]}}",
        EVENTS.join(", ")
    );
    place.file("config.yaml", &format!("{TINY}\n{chaos}\n"));
    let args = ["--config", "config.yaml", "--report", "run", "--duration", "20s", "--seed", "7"];
    let ended = run(&place, "soak", &args).await.with(0);
    let report = place.report("run");

    assert_passed(&report);
    assert_eq!(number(&report, "/seed"), 7);
    has_the_keys_that_others_rely_on(&report);
    every_event_happened(&report);
    says_the_users_lines(&ended.out, &report);
    events_are_json_lines(&place, &report);
    assert!(!place.path("run/nats").exists(), "the server's directory is only kept on failure");
    place.deserted(crate::common::HUNG).await;
}

/// The keys of the design, each of its type.
fn has_the_keys_that_others_rely_on(report: &Value) {
    for key in ["verdict", "reproduce"] {
        assert!(report[key].is_string(), "{key}");
    }
    for key in ["exit_code", "seed"] {
        assert!(report[key].is_u64(), "{key}");
    }
    assert!(report["resources"].is_object());
    for key in
        ["partitions", "sent", "stored", "received", "effects", "in_doubt", "attempts", "fenced"]
    {
        assert!(report["totals"][key].is_u64(), "totals.{key}");
    }
    for key in [
        "lost_by_broker",
        "lost_in_delivery",
        "duplicate",
        "out_of_order",
        "unexpected",
        "corrupt",
        "two_owners",
        "unowned",
        "needless_move",
    ] {
        assert!(report["anomalies"][key].is_u64(), "anomalies.{key}");
    }
    let rebalances = report["rebalances"].as_array().unwrap();
    assert!(!rebalances.is_empty());
    for rebalance in rebalances {
        for key in ["epoch", "cause", "moved", "needed", "seconds"] {
            assert!(rebalance.get(key).is_some(), "rebalances.{key}");
        }
    }
    let faults = report["faults"].as_array().unwrap();
    assert_eq!(number(report, "/totals/faults"), faults.len() as u64);
    for fault in faults {
        for key in ["at", "event", "target", "duration", "effect"] {
            assert!(fault.get(key).is_some(), "faults.{key}");
        }
    }
}

fn every_event_happened(report: &Value) {
    for event in EVENTS {
        let mut faults = report["faults"].as_array().unwrap().iter();
        assert!(faults.any(|fault| fault["event"] == event), "{event}: {:#}", report["faults"]);
    }
    let exercised = report["exercised"].as_array().unwrap();
    assert!(exercised.len() >= EVENTS.len());
    assert!(exercised.iter().all(|exercised| exercised["happened"] == true), "{exercised:?}");
}

fn says_the_users_lines(out: &str, report: &Value) {
    let (sent, received) = (number(report, "/totals/sent"), number(report, "/totals/received"));
    let final_report = format!(
        "=== Simulation Report ===\n\
         Total Partitions: 12\n\
         Total Sent:       {sent}\n\
         Total Received:   {received}\n\
         Gaps Detected:    0\n\
         Duplicates:       0\n\
         ✅ SUCCESS: No message loss or duplication detected\n"
    );
    assert!(out.contains(&final_report), "{out}");
    assert!(out.contains("⏳ RUNNING"), "live progress: {out}");
    let injected = format!("✓ Chaos events injected: {} events", number(report, "/totals/faults"));
    let mut lines = out.lines();
    for line in [
        "✓ Simulation started",
        "✓ Chaos controller started",
        injected.as_str(),
        "✓✓✓ SUCCESS: No message loss or duplication!",
    ] {
        assert!(lines.any(|said| said == line), "{line:?} is not in its place: {out}");
    }
    assert_eq!(lines.next(), None, "the last line is the verdict");
}

fn events_are_json_lines(place: &Place, report: &Value) {
    let text = fs::read_to_string(place.path("run/events.jsonl")).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count() as u64;
    assert!(events.iter().all(|event| event["type"].is_string()));
    assert!(count("ownership") > 0 && count("joined") > 0 && count("elected") > 0);
    assert_eq!(count("planned"), number(report, "/totals/rebalances"));
    // A fault is told of when it begins and once more when its end is known.
    let faults = events.iter().filter(|event| event["type"] == "fault");
    let ids: BTreeSet<u64> = faults.map(|fault| number(fault, "/id")).collect();
    assert_eq!(ids.len() as u64, number(report, "/totals/faults"));
}

#[tokio::test]
async fn the_same_seed_brings_the_same_faults() {
    let place = Place::new("seed");
    // Whoever is away is back before the next event: whom it hits depends on the seed alone.
    let chaos = "chaos: {enabled: true, interval: 500ms-800ms, restart_after: 100ms, events: [worker_restart, producer_crash]}";
    place.file("config.yaml", &format!("{TINY}\n{chaos}\n"));
    let args = |run, seed| ["--config", "config.yaml", "--report", run, "--seed", seed];
    let start = |name, seed| Program::start(&place, name, &args(name, seed));
    let (one, two, other) = (start("one", "5"), start("two", "5"), start("other", "6"));
    for program in [one, two, other] {
        program.ended().await.with(0);
    }
    let [one, two, other] = ["one", "two", "other"].map(|run| faults(&place.report(run)));
    // The last one may have fallen to the end of the run.
    let common = one.len().min(two.len());
    assert!(common >= 5 && one.len().abs_diff(two.len()) <= 1, "{one:?} {two:?}");
    assert_eq!(one[..common], two[..common]);
    assert_ne!(one[..common], other[..common.min(other.len())]);
}

fn faults(report: &Value) -> Vec<(Value, Value)> {
    let faults = report["faults"].as_array().unwrap().iter();
    faults.map(|fault| (fault["event"].clone(), fault["target"].clone())).collect()
}
