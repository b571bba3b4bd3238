//! A run in virtual time as a user starts it: its verdict and exit code, what it leaves, how it is
//! ended, and what it says to whoever asks for what it cannot do.

use std::fs;
use std::time::Duration;

use crate::common::{Ended, Place, Program, TINY, assert_passed, number, simulation};
use rustix::process::Signal;
use tokio::time::timeout;

/// Runs the program with `--virtual` and `args`.
async fn run(place: &Place, name: &str, args: &[&str], env: &[(&str, &str)]) -> Ended {
    let mut command = simulation(place);
    // Nothing of this needs a server.
    command.env("NATS_SERVER_BIN", "nowhere").env_remove("CHAOS_URL");
    command.args(["--virtual", "--config", "tiny.yaml", "--report", name]).args(args);
    command.envs(env.iter().copied());
    Program::spawn(place, name, command).ended().await
}

fn place(name: &str) -> Place {
    let place = Place::new(name);
    place.file("tiny.yaml", TINY);
    place
}

#[tokio::test]
async fn it_leaves_a_report_with_its_figures_and_a_trace() {
    let place = place("virtual_report");
    run(&place, "run", &["--seed", "5", "--trace", "trace"], &[]).await.with(0);
    let report = place.report("run");
    assert_passed(&report);
    let figure = |key| report["virtual"][key].as_f64().unwrap();
    let (virtual_seconds, real_seconds) = (figure("virtual_seconds"), figure("real_seconds"));
    assert!((6.0..60.0).contains(&virtual_seconds), "{virtual_seconds}");
    assert!((figure("factor") * real_seconds / virtual_seconds - 1.0).abs() < 1e-6);
    let lines = fs::read_to_string(place.path("trace")).unwrap();
    assert_eq!(number(&report, "/virtual/trace_events"), lines.lines().count() as u64);
    for (index, line) in lines.lines().enumerate() {
        assert!(line.starts_with(&format!("{} 17000000", index + 1)), "{line}");
    }
    // Who looks on sees each second, however fast they go by.
    let page = place.page("run", "Pass");
    let points = page["points"].as_array().unwrap();
    assert!(points.len() >= 6, "{points:?}");
    assert_eq!(points.last().unwrap()["sent"], report["totals"]["sent"]);
    let base = page["ownerships"]["base"].as_array().unwrap();
    let changes = page["ownerships"]["changes"].as_array().unwrap();
    assert!(base.len() == 12 && changes.len() >= 24, "each is claimed, and let go of: {changes:?}");
    // Every message is in it once as it was stored.
    let stored = |line: &&str| line.contains(" simulation.msg.") && line.contains(" stored ");
    let stored = lines.lines().filter(stored).count();
    assert_eq!(number(&report, "/totals/stored"), stored as u64);
}

#[tokio::test]
async fn the_command_that_it_prints_runs_it_again() {
    let place = place("virtual_again");
    // The seed is drawn.
    let ended = run(&place, "first", &["--set", "workers.count=4"], &[]).await.with(0);
    let first = place.report("first");
    let words = first["reproduce"].as_str().unwrap();
    assert!(ended.out.contains(&format!("again: {words}")), "{}", ended.out);
    assert!(words.contains("--virtual"), "{words}");
    // As a shell takes it apart.
    let words: Vec<_> = words.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    let mut command = simulation(&place);
    command.args(&words).args(["--report", "again"]);
    Program::spawn(&place, "again", command).ended().await.with(0);
    let again = place.report("again");
    assert_eq!(again["virtual"]["trace_hash"], first["virtual"]["trace_hash"]);
    assert_eq!(again["reproduce"], first["reproduce"]);
    assert_eq!(number(&again, "/config/workers/count"), 4);
}

#[tokio::test]
async fn its_exit_codes_are_those_of_a_run_on_a_server() {
    let place = place("virtual_codes");
    let code = async |name, args: &[&str], code: i32, verdict: &str| {
        run(&place, name, args, &[]).await.with(code);
        let report = place.report(name);
        assert_eq!(
            (&report["verdict"], number(&report, "/exit_code")),
            (&verdict.into(), code as u64)
        );
    };
    code("pass", &["--seed", "1"], 0, "pass").await;
    // A worker that cannot keep up: it does not drain within the bound.
    let slow = ["--seed", "1", "--set", "workers.processing_delay=30s", "--set", "workers.count=1"];
    code("liveness", &slow, 3, "liveness").await;
    // Nothing is sent, so nothing is known.
    let nothing_sent = ["--seed", "1", "--set", "partitions.message_rate_per_partition=0.000001"];
    code("inconclusive", &nothing_sent, 4, "inconclusive").await;
}

#[tokio::test]
async fn the_first_signal_drains_and_reports() {
    let place = place("virtual_signal");
    for (name, signal) in [("int", Signal::INT), ("term", Signal::TERM)] {
        let mut command = simulation(&place);
        command.args(["--virtual", "--config", "tiny.yaml", "--report", name]);
        command.args(["--duration", "1000h", "--seed", "3"]);
        let mut program = Program::spawn(&place, name, command);
        program.says("✓ Simulation started").await;
        program.signal(signal);
        let ended = program.ended().await.with(0);
        assert!(ended.err.contains("stopping; once more stops at once"), "{}", ended.err);
        let report = place.report(name);
        assert_passed(&report);
        assert_eq!(report["interrupted"], true);
        assert!(report["virtual"]["virtual_seconds"].as_f64().unwrap() < 1000.0 * 3600.0);
    }
}

/// What the user asks for, the exit code, and what is said.
struct Case {
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    code: i32,
    says: &'static [&'static str],
}

#[rustfmt::skip]
const TABLE: &[Case] = &[
    // There is no such thing in virtual time.
    Case { args: &["--mode", "worker"], env: &[], code: 2, says: &["--virtual", "--mode"] },
    Case { args: &["--id", "worker-0"], env: &[], code: 2, says: &["--virtual", "--id"] },
    Case { args: &["--chaos-url", "http://127.0.0.1:9"], env: &[], code: 2, says: &["--virtual", "--chaos-url"] },
    Case { args: &[], env: &[("WORKER_ID", "worker-0")], code: 2, says: &["WORKER_ID makes", "unset it"] },
    Case { args: &[], env: &[("PRODUCER_ID", "producer-0")], code: 2, says: &["PRODUCER_ID makes", "unset it"] },
    // It works, and something that was asked for does not count.
    Case { args: &[], env: &[("NATS_URL", "nats://u:secret@127.0.0.1:9")], code: 0,
        says: &["warning: an external nats-server has no effect in virtual time"] },
    Case { args: &["--set", "nats.mode=external"], env: &[], code: 0,
        says: &["warning: an external nats-server has no effect"] },
    Case { args: &["--set", "workers.isolation=process", "--set", "producers.isolation=process"], env: &[], code: 0,
        says: &["workers.isolation: process has no effect", "producers.isolation: process has no effect"] },
    Case { args: &["--set", "simulation.mode=coordinator"], env: &[], code: 0,
        says: &["a simulation.mode other than all-in-one has no effect"] },
    // Traces.
    Case { args: &["--trace", "nowhere/trace"], env: &[], code: 2, says: &["the trace cannot be written to nowhere/trace"] },
    Case { args: &["--trace", "."], env: &[], code: 2, says: &["the trace cannot be written to ."] },
    Case { args: &["--trace", "/dev/full"], env: &[], code: 5,
        says: &["the trace could not be written to its end", "leave out --trace"] },
];

#[tokio::test]
async fn what_it_cannot_do_is_said() {
    let place = place("virtual_bad_input");
    for case in TABLE {
        let args: Vec<_> = case.args.iter().copied().chain(["--seed", "1"]).collect();
        let said = run(&place, "run", &args, case.env).await.with(case.code).err;
        for words in case.says {
            assert!(said.contains(words), "{args:?}: {words:?} is not in {said}");
        }
        let warnings = said.matches("warning:").count();
        assert_eq!(warnings, if case.code == 0 { case.says.len() } else { 0 }, "each once: {said}");
        assert!(!said.contains("secret") && !said.contains("panicked"), "{said}");
    }
    // Without a word if nothing is ignored.
    assert_eq!(run(&place, "run", &["--seed", "1"], &[]).await.with(0).err, "");
    for args in [["--virtual", "--resume"], ["--trace", "x"], ["--unrepeatable", "-v"]] {
        let mut command = simulation(&place);
        command.args(args);
        let ended = Program::spawn(&place, "usage", command).ended_within(Duration::from_secs(15));
        let said = timeout(Duration::from_secs(20), ended).await.unwrap().with(2).err;
        assert!(said.contains("--virtual"), "{said}");
    }
    assert!(!place.path("x").exists());
}
