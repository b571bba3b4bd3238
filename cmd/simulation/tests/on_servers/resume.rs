//! Soaks that are stopped and go on: the verdict covers the whole.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::common::{HUNG, Place, Program, TINY, assert_passed, number};
use broker_nats::{Embedded, Store};
use rustix::process::Signal;
use tokio::time::sleep;

const CHECKPOINTS: &str = "
checkpoint: {enabled: true, interval: 500ms, path: points, keep: 4}
chaos: {enabled: true, interval: 700ms-1100ms, restart_after: 1500ms, events: [worker_crash, worker_restart]}
";

fn place(name: &str) -> Place {
    let place = Place::new(name);
    let config = TINY
        .replace("storage: memory", "storage: file, max_file_storage: 1GB")
        .replace("6s", "12s");
    place.file("tiny.yaml", &format!("{config}{CHECKPOINTS}"));
    place
}

const RUN: [&str; 4] = ["--config", "tiny.yaml", "--report", "run"];

/// The checkpoints, oldest first.
fn checkpoints(place: &Place) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(place.path("points")) else { return Vec::new() };
    let mut files: Vec<_> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_none_or(|extension| extension != "tmp"))
        .collect();
    files.sort();
    files
}

/// A run that was stopped by `signal` in the middle.
async fn stopped(place: &Place, signal: Signal) {
    let mut program = Program::start(place, "first", &RUN);
    program.says("⏳ RUNNING").await;
    while checkpoints(place).len() < 4 {
        sleep(Duration::from_millis(50)).await;
    }
    program.signal(signal);
    program.ended().await;
    place.deserted(HUNG).await;
}

async fn goes_on(place: &Place) {
    let args = ["--config", "tiny.yaml", "--resume"];
    let ended = crate::common::run(place, "second", &args).await.with(0);
    assert!(ended.out.contains("✓ Resumed"), "{}", ended.out);
    let report = place.report("run");
    assert_passed(&report);
    // 12 partitions at 8 messages a second, 12 seconds of the run: what both halves sent.
    let sent = number(&report, "/totals/sent");
    assert!(sent > 12 * 8 * 12 / 2, "only {sent}");
    let faults = report["faults"].as_array().unwrap();
    let stops = faults.iter().filter(|fault| fault["event"] == "stopped");
    let stops: Vec<_> = stops.map(|fault| fault["at"].as_i64().unwrap()).collect();
    assert_eq!(stops.len(), 1, "{faults:#?}");
    // Who looks on is shown what happened before, too.
    let page = place.page("run", "Pass");
    let first = page["ownerships"]["changes"][0][0].as_f64().unwrap();
    let stopped = (stops[0] - report["started_at"].as_i64().unwrap()) as f64 / 1e6;
    assert!(first < stopped, "first at {first} s, stopped at {stopped} s");
    place.deserted(HUNG).await;
    crate::common::assert_checked(place, "run").await;
}

#[tokio::test]
async fn a_killed_program_goes_on() {
    let place = place("resume_killed");
    stopped(&place, Signal::KILL).await;
    goes_on(&place).await;
}

#[tokio::test]
async fn an_interrupted_program_goes_on() {
    let place = place("resume_interrupted");
    stopped(&place, Signal::INT).await;
    goes_on(&place).await;
}

/// Producers and workers go on while nobody judges.
#[tokio::test]
async fn a_killed_coordinator_goes_on() {
    let place = place("resume_coordinator");
    let server = crate::common::server_options(&place, Store::File(place.path("store"))).await;
    let server = Embedded::start(server).await.unwrap();
    let url = server.url();
    let role = |name: &str, args: &[&str]| {
        let args = [&["--config", "tiny.yaml", "--nats-url", &url], args].concat();
        Program::start(&place, name, &args)
    };
    let coordinator = ["--mode", "coordinator"];
    let mut killed = role("first", &[&coordinator[..], &["--report", "run"]].concat());
    killed.says("✓ coordinator started").await;
    let members = [
        role("producer-0", &["--mode", "producer", "--id", "producer-0"]),
        role("producer-1", &["--mode", "producer", "--id", "producer-1"]),
        role("worker-0", &["--mode", "worker", "--id", "worker-0"]),
        role("worker-1", &["--mode", "worker", "--id", "worker-1"]),
    ];
    while checkpoints(&place).len() < 4 {
        sleep(Duration::from_millis(50)).await;
    }
    killed.signal(Signal::KILL);
    killed.ended().await;
    sleep(Duration::from_secs(2)).await;
    let again = role("second", &[&coordinator[..], &["--resume"]].concat());
    again.ended().await.with(0);
    for member in members {
        member.ended().await.with(0);
    }
    let report = place.report("run");
    assert_passed(&report);
    assert!(number(&report, "/totals/sent") > 12 * 8 * 12 / 2, "{report:#}");
    assert_eq!(report["faults"], serde_json::json!([]), "nobody but the judge was away");
    crate::common::assert_checked(&place, "run").await;
    server.stop().await;
}

#[tokio::test]
async fn a_damaged_checkpoint_is_refused_and_the_one_before_offered() {
    let place = place("resume_damaged");
    stopped(&place, Signal::KILL).await;
    let files = checkpoints(&place);
    let [.., before, newest] = &files[..] else { panic!("{files:?}") };
    let mut bytes = fs::read(newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(newest, bytes).unwrap();
    let ended =
        crate::common::run(&place, "refused", &["--config", "tiny.yaml", "--resume"]).await.with(2);
    let before = before.file_name().unwrap().to_str().unwrap();
    assert!(ended.err.contains("damaged") && ended.err.contains(before), "{}", ended.err);

    let offered = format!("points/{before}");
    let args = ["--config", "tiny.yaml", "--resume", &offered];
    crate::common::run(&place, "second", &args).await.with(0);
    assert_passed(&place.report("run"));
    place.deserted(HUNG).await;
}

#[tokio::test]
async fn what_cannot_be_resumed_is_refused() {
    let place = place("resume_refused");
    let refused = async |name: &str, args: &[&str], words: &[&str]| {
        let ended = crate::common::run(&place, name, args).await.with(2);
        for word in words {
            assert!(ended.err.contains(word), "{word}: {}", ended.err);
        }
    };
    let none = ["--config", "tiny.yaml", "--resume"];
    refused("none", &none, &["points", "no checkpoint"]).await;
    stopped(&place, Signal::KILL).await;
    let other = [&none[..], &["--set", "partitions.count=13"]].concat();
    refused("other", &other, &["configuration", "partitions"]).await;
    let seed = [&none[..], &["--seed", "1"]].concat();
    refused("seed", &seed, &["seed"]).await;
    let missing = ["--config", "tiny.yaml", "--resume", "nowhere"];
    refused("missing", &missing, &["nowhere"]).await;
    place.file("foreign", "hello");
    let foreign = ["--config", "tiny.yaml", "--resume", "foreign"];
    refused("foreign", &foreign, &["foreign"]).await;
}
