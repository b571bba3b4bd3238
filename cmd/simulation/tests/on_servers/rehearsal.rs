//! A rehearsal: in the middle of a run the coordinator is dropped, and another one goes on from the
//! newest checkpoint. What it says at the end is what the first one would have said.

use std::process::Command;

use crate::common::Place;
use serde_json::Value;

const CHAOS: &str = "
chaos:
  enabled: true
  restart_after: 2s
  script:
    - {at: 1s, event: scale_up, count: 1}
    - {at: 3s, event: worker_crash, target: worker}
    - {at: 4s, event: producer_crash}
";

/// Runs it, and judges its history once more.
fn run(place: &Place, name: &str, args: &[&str]) -> Value {
    place.file("c.yaml", &format!("{}{CHAOS}", crate::common::TINY));
    let report = place.text(name);
    let common = ["--config", &place.text("c.yaml"), "--seed", "3", "--report", &report];
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulation"));
    let path = format!("checkpoint.path={}", place.text("checkpoints"));
    command.arg("run").args(common).args(["--set", &path]).args(args);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    let again =
        Command::new(env!("CARGO_BIN_EXE_simulation")).args(["check", &report]).output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&again.stderr));
    place.report(name)
}

const REHEARSED: [&str; 6] = [
    "--set",
    "checkpoint.enabled=true",
    "--set",
    "checkpoint.interval=1s",
    "--set",
    "checkpoint.rehearsal=3500ms",
];

#[test]
fn a_rehearsal_in_virtual_time_changes_nothing_that_is_judged() {
    let place = Place::new("rehearsal-virtual");
    let plain = run(&place, "plain", &["--virtual"]);
    let mut args = vec!["--virtual"];
    args.extend(REHEARSED);
    let rehearsed = run(&place, "rehearsed", &args);
    // It takes its ticks at other moments, so that the end comes a little sooner or later. Until then
    // all is the same.
    let changes = |report: &Value| report["rebalances"].as_array().unwrap()[..4].to_vec();
    assert_eq!(changes(&rehearsed), changes(&plain));
    assert_eq!(rehearsed["recoveries"], plain["recoveries"]);
    for figure in ["faults", "term", "claims"] {
        assert_eq!(rehearsed["totals"][figure], plain["totals"][figure], "{figure}");
    }
    for figure in ["stored", "received", "effects"] {
        assert_eq!(rehearsed["totals"][figure], rehearsed["totals"]["sent"], "{figure}");
    }
    let events = std::fs::read_to_string(place.path("rehearsed/events.jsonl")).unwrap();
    assert_eq!(events.matches("\"resumed\"").count(), 1, "another coordinator went on");
}

#[test]
fn a_rehearsal_on_a_server_goes_on_from_its_file() {
    let place = Place::new("rehearsal-server");
    let rehearsed = run(&place, "rehearsed", &REHEARSED);
    assert_eq!(rehearsed["verdict"], "pass");
    let events = std::fs::read_to_string(place.path("rehearsed/events.jsonl")).unwrap();
    assert_eq!(events.matches("\"resumed\"").count(), 1, "another coordinator went on");
}

#[test]
fn a_rehearsal_needs_a_checkpoint_before_it() {
    let place = Place::new("rehearsal-wrong");
    place.file("c.yaml", crate::common::TINY);
    for (set, said) in [
        ("checkpoint.rehearsal=3s", "needs a checkpoint to go on from"),
        ("checkpoint.rehearsal=1h", "is not between the first checkpoint"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_simulation"))
            .args(["config", "check", &place.text("c.yaml"), "--set", set])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("checkpoint.rehearsal") && text.contains(said), "{text}");
    }
}
