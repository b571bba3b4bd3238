//! A recorded run is judged again: to the same if nothing was changed, to what is wrong if something was,
//! and to nothing where nothing can be known.

use std::fs;
use std::io::{Read, Write};

use crate::common::{
    Ended, Place, Program, TINY, assert_checked, assert_passed, number, simulation,
};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

fn place(name: &str) -> Place {
    let place = Place::new(name);
    place.file("tiny.yaml", TINY);
    place
}

/// A run in virtual time that leaves its things in `run`.
async fn recorded(place: &Place, seed: u64, more: &[&str]) -> Ended {
    let mut command = simulation(place);
    command.env("NATS_SERVER_BIN", "nowhere");
    command.args(["--virtual", "--config", "tiny.yaml", "--report", "run"]);
    command.args(["--seed", &seed.to_string()]).args(more);
    Program::spawn(place, "run", command).ended().await
}

async fn check(place: &Place, args: &[&str]) -> Ended {
    crate::common::run(place, "check", &[&["check"], args].concat()).await
}

const HISTORY: &str = "run/history.jsonl.gz";

fn lines(place: &Place) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(place.path(HISTORY)).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn compressed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

const CHAOS: [&str; 6] = [
    "--set",
    "chaos.enabled=true",
    "--set",
    "chaos.interval=700ms-1100ms",
    "--set",
    "chaos.events=[worker_crash,worker_pause,leader_failure,network_disconnect]",
];
/// Handlers that take longer than the drain.
const SLOW: [&str; 4] =
    ["--set", "coordinator.validation_window=1ms", "--set", "workers.processing_delay=10s-12s"];

#[tokio::test]
async fn a_run_is_judged_again_to_the_last_figure() {
    let place = place("check_same");
    let mut codes = Vec::new();
    for (seed, more) in [(1, &[][..]), (2, &CHAOS), (3, &CHAOS), (4, &CHAOS), (5, &SLOW)] {
        let code = recorded(&place, seed, more).await.code.unwrap();
        codes.push(code);
        assert_checked(&place, "run").await;
        let json = check(&place, &["run", "--json", "--report", "again"]).await.with(code);
        let again: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(again, place.report("run"), "seed {seed}");
        assert_eq!(again, place.report("again"), "seed {seed}");
    }
    assert!(codes[..4].iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    assert!([1, 3].contains(&codes[4]), "one of them fails: {codes:?}");
}

#[tokio::test]
async fn what_was_changed_is_found_and_the_report_contradicted() {
    let place = place("check_changed");
    recorded(&place, 7, &[]).await.with(0);
    let whole = lines(&place);
    let nth = |word: &str| whole.iter().position(|line| line.contains(word)).unwrap();
    let without = |word: &str| {
        let mut lines = whole.clone();
        lines.remove(nth(word));
        lines
    };
    let twice = |word: &str| {
        let mut lines = whole.clone();
        let line = nth(word);
        lines.insert(line, lines[line].clone());
        lines
    };
    for (changed, says) in [
        (without("\"kind\":\"effect\""), "lost in delivery: "),
        (twice("\"kind\":\"effect\""), "duplicate: "),
        (without("\"kind\":\"stored\""), "lost by the broker: 1"),
        (without("\"kind\":\"claim\""), "two owners: "),
    ] {
        fs::write(place.path(HISTORY), compressed(&changed.join("\n"))).unwrap();
        let ended = check(&place, &["run"]).await.with(1);
        assert!(ended.out.contains(says), "{says}: {}", ended.out);
        let said = &ended.err;
        assert!(said.contains("report.json says something else: verdict is"), "{said}");
        assert!(said.contains("\"pass\" there and \"correctness\" here"), "{said}");
    }
    // The verdict is right, and a figure is not.
    fs::write(place.path(HISTORY), compressed(&whole.join("\n"))).unwrap();
    let report = fs::read_to_string(place.path("run/report.json")).unwrap();
    let sent = number(&place.report("run"), "/totals/sent");
    let forged = report.replacen(&format!("\"sent\": {sent}"), "\"sent\": 7", 1);
    place.file("run/report.json", &forged);
    let said = check(&place, &["run"]).await.with(1).err;
    assert!(said.contains("says something else: totals is"), "{said}");
    // There is nothing to compare with.
    fs::remove_file(place.path("run/report.json")).unwrap();
    assert!(!check(&place, &["run"]).await.with(0).err.contains("says"));
}

#[tokio::test]
async fn what_ends_too_early_is_judged_as_far_as_it_goes() {
    let place = place("check_early");
    recorded(&place, 7, &[]).await.with(0);
    let bytes = fs::read(place.path(HISTORY)).unwrap();
    let all = lines(&place);
    let text = all.join("\n");
    for early in [
        bytes[..bytes.len() / 2].to_vec(),
        bytes[..bytes.len() - 100].to_vec(),
        compressed(&text[..text.len() / 2]),
        text.as_bytes()[..text.len() / 2].to_vec(),
        all[..all.len() - 1].join("\n").into_bytes(),
        all[..1].join("\n").into_bytes(),
    ] {
        fs::write(place.path(HISTORY), &early).unwrap();
        let ended = check(&place, &["run"]).await.with(4);
        assert!(ended.err.contains("the history has no end"), "{}", ended.err);
        assert!(ended.out.contains("inconclusive: "), "{}", ended.out);
    }
    // What is wrong before is wrong.
    let effect = all.iter().position(|line| line.contains("\"kind\":\"effect\"")).unwrap();
    let twice = [&all[..=effect], &all[effect..all.len() - 1]].concat().join("\n");
    fs::write(place.path(HISTORY), twice).unwrap();
    let ended = check(&place, &["run"]).await.with(1);
    assert!(ended.out.contains("duplicate: "), "{}", ended.out);
}

#[tokio::test]
async fn a_history_takes_no_more_room_than_it_may() {
    let place = place("check_room");
    recorded(&place, 7, &["--set", "coordinator.history_max=5KB"]).await.with(0);
    assert_passed(&place.report("run"));
    let size = fs::metadata(place.path(HISTORY)).unwrap().len();
    assert!((5_000..10_000).contains(&size), "{size}");
    let ended = check(&place, &["run"]).await.with(4);
    assert!(ended.err.contains("it was full: coordinator.history_max"), "{}", ended.err);
    // Another run in the same directory leaves nothing of it.
    recorded(&place, 7, &["--set", "coordinator.history=false"]).await.with(0);
    assert!(!place.path(HISTORY).exists());
    let said = check(&place, &["run"]).await.with(2).err;
    assert!(
        said.contains("there is none: ") && said.contains("coordinator.history: false"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_no_history_is_named() {
    let place = place("check_wrong");
    recorded(&place, 7, &[]).await.with(0);
    let all = lines(&place);
    let bytes = fs::read(place.path(HISTORY)).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0x10;
    let changed = |line: usize, to: &str| {
        let mut lines = all.clone();
        lines[line] = to.to_owned();
        lines.join("\n").into_bytes()
    };
    let version = all[0].replace("\"version\":1", "\"version\":2");
    let many = "{\"kind\":\"history\",\"version\":1,\"partitions\":4000000000}";
    let after = |line: &str| [all.join("\n").as_bytes(), b"\n", line.as_bytes()].concat();
    for (content, says) in [
        (Vec::new(), "run/history.jsonl.gz: it is empty"),
        (bytes[..5].to_vec(), "run/history.jsonl.gz: it is empty"),
        (compressed(""), "run/history.jsonl.gz: it is empty"),
        (b"hello\n".to_vec(), "line 1: it is no history: its first line must be"),
        (b"{\"kind\":\"stored\"}\n".to_vec(), "line 1: it is no history"),
        (all[3].clone().into_bytes(), "line 1: it is no history"),
        (changed(0, &version), "line 1: it is of version 2, and this program reads version 1"),
        (changed(0, many), "line 1: partitions is 4000000000: use 1 to 100000"),
        (changed(3, "hello"), "line 4: expected value"),
        (
            changed(3, "{\"kind\":\"story\"}"),
            "line 4: no line of a history is of the kind \"story\"",
        ),
        (changed(3, "{\"kind\":\"corrupt\",\"partition\":1}"), "line 4: missing field `pos`"),
        (after("{\"kind\":\"draining\",\"at\":1}\n"), ": something comes after the end"),
        (flipped, "history run/history.jsonl.gz"),
    ] {
        fs::write(place.path(HISTORY), content).unwrap();
        let said = check(&place, &["run"]).await.with(2).err;
        assert!(said.contains(says), "{says:?} is not in {said}");
        assert!(said.contains("run/history.jsonl.gz") && !said.contains("panicked"), "{said}");
    }
    for (path, says) in [("nowhere", "nowhere: it cannot be read"), (".", "there is none")] {
        let said = check(&place, &[path]).await.with(2).err;
        assert!(said.contains(says), "{said}");
    }
}

/// The program in the documentation, with one of its words changed.
fn ledger(place: &Place, from: &str, to: &str) {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/history.md");
    let text = fs::read_to_string(docs).unwrap();
    let program = text.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(program.contains(from), "{from}");
    let program = program.replacen(from, to, 1);
    let written = std::process::Command::new("python3").args(["-c", &program]).output().unwrap();
    assert!(written.status.success(), "{written:?}");
    fs::write(place.path("ledger.jsonl"), written.stdout).unwrap();
}

#[tokio::test]
async fn what_the_documentation_writes_is_judged() {
    let place = Place::new("check_foreign");
    let done = "    line(kind=\"done\", partition=0, member=\"worker-1\", seq=seq, at=now())\n";
    let twice = format!("{done}{done}");
    let but_two = format!("    if seq != 2:\n    {done}");
    for (to, code, says) in [
        (done, 0, "Total Received:   3"),
        (&twice, 1, "duplicate: 3"),
        (&but_two, 1, "lost in delivery: 1"),
    ] {
        ledger(&place, done, to);
        let ended = check(&place, &["ledger.jsonl"]).await.with(code);
        assert!(ended.out.contains(says), "{says}: {}", ended.out);
    }
    let mut command = simulation(&place);
    command.args(["check", "-"]).stdin(fs::File::open(place.path("ledger.jsonl")).unwrap());
    let ended = Program::spawn(&place, "stdin", command).ended().await.with(1);
    assert!(ended.out.contains("lost in delivery: 1"), "{}", ended.out);
}
