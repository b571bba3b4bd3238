//! The gate: the same seed gives the same run, in two processes that have nothing else in common.
//! And it can fail: what must differ, does, and the first line that differs is shown.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Ended, Place, Program, number, run, simulation};
use futures_util::future::{join, join_all};
use serde_json::Value;

/// Every event there is, in quick succession.
const CHAOS: &str = "
simulation: {duration: 30s}
partitions: {count: 40, message_rate_per_partition: 2, distribution: exponential}
producers: {count: 3}
workers: {count: 5, processing_delay: 2-20ms, lease: 2s}
coordinator: {validation_window: 20s, trim_after: 20}
chaos:
  enabled: true
  interval: 1s-2s
  restart_after: 3s
  events: [worker_restart, scale_up, scale_down, rolling_restart, worker_crash, worker_pause,
    leader_failure, leader_pause, producer_crash, broker_restart, slow_worker,
    {event: network_disconnect, target: any}, {event: network_delay, target: any},
    {event: network_lossy, target: any}]
checkpoint: {enabled: true, interval: 5s, path: checkpoints}
metrics: {prometheus: {enabled: false}}
";

const NO_CHECKPOINTS: &[&str] = &["--set", "checkpoint.enabled=false"];
const VARYING: &[&str] = &[
    "--set",
    "producers.rate_variation.enabled=true",
    "--set",
    "producers.rate_variation.pattern=per-producer",
    "--set",
    "producers.rate_variation.ramp_interval=5s",
    "--set",
    "workers.assignment_strategy=ConsistentHash",
];
const ROUND_ROBIN: &[&str] = &[
    "--set",
    "workers.assignment_strategy=RoundRobin",
    "--set",
    "partitions.distribution=uniform",
    "--set",
    "workers.isolation=process",
    "--set",
    "workers.concurrency=2",
];

/// A run, and what it left.
struct Told {
    dir: PathBuf,
    trace: PathBuf,
    report: Value,
}

/// Runs the program once, in a directory of its own below `place`.
async fn told(place: &Place, name: &str, args: &[&str], elsewhere: bool) -> Told {
    let dir = place.path(name);
    fs::create_dir_all(&dir).unwrap();
    let (config, trace) = (place.text("chaos.yaml"), dir.join("trace"));
    let mut command = simulation(place);
    if elsewhere {
        // Another process table entry, environment and priority; the directory differs anyhow.
        let mut nice = tokio::process::Command::new("nice");
        nice.args(["-n", "19", env!("CARGO_BIN_EXE_simulation")]).kill_on_drop(true);
        nice.envs([("TZ", "Asia/Tokyo"), ("LANG", "tr_TR.UTF-8"), ("HOME", "/nowhere")]);
        for name in ["PRODUCER_ID", "WORKER_ID", "NATS_URL"] {
            nice.env_remove(name);
        }
        command = nice;
    }
    command.current_dir(&dir).args(["--config", &config, "--virtual", "--report", "run"]);
    command.args(["--trace", "trace"]).args(args);
    let ended = Program::spawn(place, &format!("{name}.said"), command).ended().await;
    assert!(matches!(ended.code, Some(0 | 4)), "{name}: {}\n{}", ended.out, ended.err);
    let report = place.report(&format!("{name}/run"));
    let lines = fs::read_to_string(&trace).unwrap().lines().count() as u64;
    assert_eq!(number(&report, "/virtual/trace_events"), lines, "{name}");
    assert!(lines > 3000, "{name}: {lines} lines are not much of a run");
    assert!(number(&report, "/totals/faults") >= 10, "{name}");
    Told { dir: dir.join("run"), trace, report }
}

impl Told {
    /// What has to be the same: everything but what it took.
    fn result(&self) -> Value {
        let mut report = self.report.clone();
        let top = report.as_object_mut().unwrap();
        assert!(top.remove("resources").is_some());
        let figures = top["virtual"].as_object_mut().unwrap();
        assert!(figures.remove("real_seconds").is_some() && figures.remove("factor").is_some());
        report
    }

    /// The trace as a number, and the last random word of all.
    fn fingerprint(&self) -> [&str; 2] {
        let word = |key| {
            let word = self.report["virtual"][key].as_str().unwrap();
            assert_eq!((word.len(), word == "0000000000000000"), (16, false), "{key}: {word}");
            word
        };
        [word("trace_hash"), word("last_word")]
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir.join(name)).unwrap()
    }
}

async fn diff(place: &Place, name: &str, one: &Told, other: &Told) -> Ended {
    let traces = [one, other].map(|told| told.trace.to_str().unwrap());
    run(place, name, &["diff-traces", traces[0], traces[1]]).await
}

async fn assert_the_same(place: &Place, name: &str, one: &Told, other: &Told) {
    let traces = diff(place, &format!("{name}.diff"), one, other).await;
    assert_eq!(traces.code, Some(0), "{name}: {}", traces.out);
    assert_eq!(one.fingerprint(), other.fingerprint(), "{name}");
    assert_eq!(one.result(), other.result(), "{name}");
    for file in ["events.jsonl", "chaos.json"] {
        assert!(!one.file(file).is_empty(), "{name}: {file} is empty");
        assert!(one.file(file) == other.file(file), "{name}: {file} differs");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_run_in_two_processes() {
    let place = Place::new("determinism");
    place.file("chaos.yaml", CHAOS);
    let cases: [(&str, &[&str], &str); 6] = [
        ("checkpoints-1", &[], "1"),
        ("checkpoints-2", &[], "2"),
        ("plain-3", NO_CHECKPOINTS, "3"),
        ("varying-4", VARYING, "4"),
        ("varying-5", VARYING, "5"),
        ("round-robin-6", ROUND_ROBIN, "6"),
    ];
    let place = &place;
    // All at once, so that they are in each other's way.
    join_all(cases.map(async |(name, args, seed)| {
        let args: Vec<_> = args.iter().copied().chain(["--seed", seed]).collect();
        let names = [format!("{name}.here"), format!("{name}.there")];
        let here = told(place, &names[0], &args, false);
        let (here, there) = join(here, told(place, &names[1], &args, true)).await;
        assert_the_same(place, name, &here, &there).await;
    }))
    .await;
}

#[tokio::test]
async fn what_must_differ_does_and_the_first_line_that_differs_is_shown() {
    let place = Place::new("divergence");
    place.file("chaos.yaml", CHAOS);
    let same = ["--seed", "1"];
    let first = told(&place, "first", &same, false).await;
    // A run that asks the wall clock, and a run of another seed.
    let late = told(&place, "late", &["--seed", "1", "--unrepeatable"], false).await;
    let other = told(&place, "other", &["--seed", "2"], false).await;
    for (name, another) in [("late", late), ("other", other)] {
        let [ours, theirs] = [first.fingerprint(), another.fingerprint()];
        assert!(ours[0] != theirs[0] && ours[1] != theirs[1], "{name}: {ours:?} {theirs:?}");
        assert_ne!(first.result(), another.result(), "{name}");
        let shown = diff(&place, &format!("{name}.diff"), &first, &another).await.with(1).out;
        let (number, lines) = first_difference(&first, &another);
        assert!(shown.contains(&format!("differ from line {number} on")), "{name}: {shown}");
        for line in lines {
            assert!(shown.contains(&line), "{name}: {line:?} is not in {shown}");
        }
    }
}

/// The number of the first line that differs, both versions of it, and what lies before it.
fn first_difference(one: &Told, other: &Told) -> (usize, Vec<String>) {
    let [one, other] = [one, other].map(|told| fs::read_to_string(&told.trace).unwrap());
    let mut pairs = one.lines().zip(other.lines());
    let at = pairs.position(|(one, other)| one != other).expect("a line differs");
    let before = one.lines().skip(at.saturating_sub(2)).take(at.min(2) + 1);
    let differs = other.lines().skip(at).take(1);
    (at + 1, before.chain(differs).map(str::to_owned).collect())
}

#[tokio::test]
async fn traces_are_compared_to_their_ends() {
    let place = Place::new("diff_traces");
    place.file("long", "1 a\n2 b\n3 c\n4 d\n");
    place.file("short", "1 a\n2 b\n3 c\n");
    place.file("changed", "1 a\n2 b\n3 c\n4 e\n");
    let same = run(&place, "same", &["diff-traces", "long", "long"]).await.with(0);
    assert_eq!(same.out, "the traces are the same: 4 lines\n");
    let shorter = run(&place, "shorter", &["diff-traces", "long", "short"]).await.with(1);
    assert_eq!(
        shorter.out,
        "the traces differ from line 4 on:\n  both    2 b\n  both    3 c\n  \
         differs 4 d    (long)\n  differs (has ended)    (short)\n"
    );
    let changed = run(&place, "changed", &["diff-traces", "changed", "long"]).await.with(1);
    assert!(changed.out.contains("differs 4 e    (changed)\n  differs 4 d    (long)"));
    let missing = run(&place, "missing", &["diff-traces", "long", "nowhere"]).await.with(2);
    assert!(missing.err.contains("the trace nowhere cannot be read"), "{}", missing.err);
}
