//! Every kind of fault, by script, on workers and producers as tasks and as processes: nothing is
//! lost, and each is an entry of the report.

use std::fs;

use crate::common::{Place, Program, assert_passed, number};
use rustix::process::Signal;
use serde_json::Value;

const SCRIPT: &str = "
simulation: {duration: 38s}
partitions: {count: 12, message_rate_per_partition: 8}
workers: {count: 4, processing_delay: 1-4ms, lease: 1s, isolation: ISOLATION}
producers: {count: 2, isolation: ISOLATION}
coordinator: {validation_window: 10s, report_interval: 1s}
nats: {jetstream: {storage: file}}
chaos:
  enabled: true
  restart_after: 1500ms
  script:
    - {at: 1s, event: worker_crash}
    - {at: 4s, event: worker_restart}
    - {at: 5s, event: worker_pause, for: 2s}
    - {at: 8s, event: scale_up, count: 1}
    - {at: 9s, event: network_disconnect, for: 2s}
    - {at: 12s, event: network_disconnect, for: 2s, half_open: true}
    - {at: 15s, event: network_delay, for: 2s, delay: 50ms, jitter: 20ms}
    - {at: 17500ms, event: network_lossy, for: 2s, loss: 0.05}
    - {at: 18s, event: slow_worker, for: 1s, factor: 4}
    - {at: 20s, event: producer_crash}
    - {at: 22s, event: leader_failure}
    - {at: 25s, event: leader_pause, for: 2s}
    - {at: 28s, event: rolling_restart, pause_between: 100ms}
    - {at: 31s, event: scale_down, count: 1}
    - {at: 32s, event: broker_restart, for: 500ms}
    - {at: 35s, event: broker_restart, for: 500ms, kill: true}
";

const EVENTS: [&str; 14] = [
    "worker_crash",
    "worker_restart",
    "worker_pause",
    "scale_up",
    "scale_down",
    "rolling_restart",
    "leader_failure",
    "leader_pause",
    "producer_crash",
    "network_disconnect",
    "network_delay",
    "network_lossy",
    "broker_restart",
    "slow_worker",
];

async fn every_fault(isolation: &str) {
    let place = Place::new(&format!("chaos_{isolation}"));
    place.file("chaos.yaml", &SCRIPT.replace("ISOLATION", isolation));
    let args = ["--config", "chaos.yaml", "--report", "run", "--seed", "3"];
    crate::common::run(&place, "run", &args).await.with(0);
    let report = place.report("run");
    assert_passed(&report);
    let faults = report["faults"].as_array().unwrap();
    for event in EVENTS {
        let mut entries = faults.iter().filter(|fault| fault["event"] == event).peekable();
        assert!(entries.peek().is_some(), "{event} is missing: {faults:#?}");
        for fault in entries {
            let effect = fault["effect"].as_str().unwrap();
            assert!(!effect.starts_with("skipped"), "{fault:#}");
            assert!(fault["ended_at"].is_i64(), "{fault:#}");
        }
    }
    for fault in faults.iter().filter(|fault| fault["kind"] == "restart") {
        assert_eq!(number(fault, "/moved"), 0, "who keeps its seat moves nothing: {fault:#}");
    }
    has_taken_over(faults, "worker_pause");
    has_taken_over(faults, "leader_pause");
    place.deserted(crate::common::HUNG).await;
}

/// Silent for longer than the lease: others took the partitions over.
fn has_taken_over(faults: &[Value], event: &str) {
    let fault = faults.iter().find(|fault| fault["event"] == event).unwrap();
    assert!(number(fault, "/moved") > 0, "{fault:#}");
}

#[tokio::test]
async fn every_fault_on_tasks() {
    every_fault("task").await;
}

#[tokio::test]
async fn every_fault_on_processes() {
    every_fault("process").await;
}

/// A program that is killed cannot clean up, and a process that is stopped cannot notice.
#[tokio::test]
async fn no_process_outlives_a_killed_program() {
    let place = Place::new("chaos_orphans");
    let script = SCRIPT.split("  script:").next().unwrap().replace("ISOLATION", "process");
    let script = format!("{script}  script: [{{at: 500ms, event: worker_pause, for: 30s}}]\n");
    place.file("chaos.yaml", &script);
    let args = ["--config", "chaos.yaml", "--report", "run", "--duration", "60s"];
    let mut program = Program::start(&place, "run", &args);
    program.says("1 faults").await;
    let stopped = place.processes().into_iter().filter(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit(") ").next().unwrap_or_default().starts_with('T')
    });
    assert_eq!(stopped.count(), 1, "one worker is stopped");
    assert!(place.processes().len() >= 8, "four workers, two producers, a server, the program");
    program.signal(Signal::KILL);
    program.ended().await;
    place.deserted(crate::common::HUNG).await;
}
