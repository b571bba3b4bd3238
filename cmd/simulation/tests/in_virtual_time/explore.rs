//! Exploring, as a user does it: many seeds pass and come across everything; one that fails leaves
//! what is needed to see it fail again, as it was and made smaller.

use std::time::Duration;

use crate::common::{Ended, Place, Program, number, run};
use rustix::process::Signal;
use serde_json::Value;

/// A campaign takes longer than anything else here, the more so on a busy machine.
const LONG: Duration = Duration::from_secs(600);
const FRAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/explore.yaml");
/// Nobody can have drained in a millisecond whose messages take seconds.
const CANNOT_DRAIN: [&str; 4] =
    ["--set", "coordinator.validation_window=1ms", "--set", "workers.processing_delay=10s-12s"];

async fn explore(place: &Place, name: &str, args: &[&str]) -> Ended {
    let args = [&["explore", "--config", FRAME], args].concat();
    Program::start(place, name, &args).ended_within(LONG).await
}

fn campaign(place: &Place, out: &str) -> Value {
    json(place, &format!("{out}/campaign.json"))
}

fn json(place: &Place, file: &str) -> Value {
    serde_json::from_str(&text(place, file)).unwrap()
}

fn text(place: &Place, file: &str) -> String {
    std::fs::read_to_string(place.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[tokio::test]
async fn a_hundred_seeds_pass_and_come_across_much() {
    let place = Place::new("explore-hundred");
    let ended = explore(&place, "all", &["--seeds", "0..100", "--out", "all"]).await;
    let report = campaign(&place, "all");
    assert_eq!(number(&report, "/campaign/seeds"), 100);
    assert_eq!(number(&report, "/campaign/failures"), 0, "{}", ended.out);
    assert!(number(&report, "/campaign/messages") > 10_000);
    let met = report["campaign"]["met"].as_object().unwrap();
    let missed: Vec<&String> =
        met.iter().filter(|(_, count)| count.as_u64() == Some(0)).map(|(name, _)| name).collect();
    assert!(met.len() >= 14 + 7 + 50 && missed.len() * 5 <= met.len(), "{missed:?}");
    // The rarest situations take a thousand seeds: without them the campaign says that it is not enough.
    let ended = ended.with(if missed.is_empty() { 0 } else { 4 });
    assert!(missed.iter().all(|name| ended.out.contains(name.as_str())), "{}", ended.out);
    assert_eq!(ended.err, "", "nothing is drawn where there is no terminal");
}

#[tokio::test]
async fn how_many_run_at_once_changes_nothing() {
    let place = Place::new("explore-jobs");
    let seeds = ["--seeds", "40..52", "--keep-going", "--no-shrink"];
    let of = async |jobs: &str| {
        let args = [&seeds[..], &["--jobs", jobs, "--out", jobs]].concat();
        explore(&place, jobs, &args).await;
        campaign(&place, jobs)["campaign"].clone()
    };
    let one = of("1").await;
    assert_eq!(number(&one, "/seeds"), 12);
    assert_eq!(one, of("5").await);
}

#[tokio::test]
async fn too_few_seeds_are_inconclusive() {
    let place = Place::new("explore-few");
    let ended = explore(&place, "few", &["--seeds", "7", "--out", "few"]).await.with(4);
    assert!(ended.out.contains("⚠ INCONCLUSIVE: no seed failed, but"), "{}", ended.out);
    let report = campaign(&place, "few");
    let missed = report["missed"].as_array().unwrap();
    assert!(!missed.is_empty() && number(&report, "/campaign/seeds") == 1, "{report:#}");
    let name = missed[0].as_str().unwrap();
    let line = ended.out.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
    assert!(line.ends_with("← never"), "{line}");
}

#[tokio::test]
async fn the_first_failure_leaves_all_that_is_needed_to_see_it_again() {
    let place = Place::new("explore-failure");
    let args = [&["--seeds", "0..40", "--out", "found"], &CANNOT_DRAIN[..]].concat();
    let ended = explore(&place, "found", &args).await.with(3);
    let report = campaign(&place, "found");
    let failed = report["campaign"]["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "it stops at the first: {failed:?}");
    let seed = number(&failed[0], "/seed");
    assert_eq!(number(&report, "/campaign/seeds"), seed + 1, "and counts none after it");
    let dir = format!("found/seed-{seed}");
    assert!(ended.out.contains(&format!("✗ seed {seed}: not drained")), "{}", ended.out);

    let left = json(&place, &format!("{dir}/report.json"));
    assert_eq!((left["verdict"].as_str(), number(&left, "/seed")), (Some("liveness"), seed));
    let about = text(&place, &format!("{dir}/failure.txt"));
    assert!(about.contains("again:     the same, to the last record"), "{about}");
    assert!(about.contains(&format!("commit:    {}", left["commit"].as_str().unwrap())), "{about}");
    let hash = left["virtual"]["trace_hash"].as_str().unwrap();
    assert!(about.contains(&format!("trace:     {hash}")), "{about}");
    place.page(&dir, "Liveness violated");
    for file in ["events.jsonl", "trace.txt", "chaos.json"] {
        assert!(text(&place, &format!("{dir}/{file}")).len() > 2, "{file}");
    }

    // The command that stands there, word by word.
    let again = rerun(&place, &text(&place, &format!("{dir}/reproduce")), "again").await;
    assert_eq!(again["virtual"]["trace_hash"], hash);
    assert_eq!(again["anomalies"], left["anomalies"]);

    let size = |file: &str| {
        let shown = config::Config::load(place.path(file), &config::Overrides::default()).unwrap();
        (shown.chaos.script.len(), shown.workers.count, shown.partitions.count)
    };
    let (faults, workers, partitions) = size(&format!("{dir}/shrunk.yaml"));
    let before = size(&format!("{dir}/scenario.yaml"));
    assert!(faults < before.0 && workers <= before.1 && partitions <= before.2, "{before:?}");
    let smaller = about.lines().rfind(|line| line.starts_with("reproduce: ")).unwrap();
    rerun(&place, smaller.strip_prefix("reproduce: ").unwrap(), "smaller").await;
}

/// Runs a command as it was printed; it fails as before.
async fn rerun(place: &Place, command: &str, report: &str) -> Value {
    let words: Vec<_> = command.split_whitespace().skip(1).chain(["--report", report]).collect();
    run(place, report, &words).await.with(3);
    let again = place.report(report);
    assert_eq!(again["verdict"], "liveness");
    assert!(number(&again, "/anomalies/undrained") > 0);
    again
}

#[tokio::test]
async fn who_keeps_going_sees_every_failure() {
    let place = Place::new("explore-on");
    let args = ["--seeds", "0..16", "--out", "on", "--keep-going", "--no-shrink"];
    explore(&place, "on", &[&args[..], &CANNOT_DRAIN[..]].concat()).await.with(3);
    let report = campaign(&place, "on");
    assert_eq!(number(&report, "/campaign/seeds"), 16);
    let failed = report["campaign"]["failed"].as_array().unwrap();
    assert_eq!(number(&report, "/campaign/failures"), failed.len() as u64);
    assert!(failed.len() > 1, "{failed:?}");
    for failed in failed {
        let dir = place.path(&format!("on/seed-{}", number(failed, "/seed")));
        assert!(dir.join("scenario.yaml").exists() && !dir.join("shrunk.yaml").exists());
    }
}

#[tokio::test]
async fn a_signal_ends_it_with_what_was_found() {
    let place = Place::new("explore-signal");
    let args = ["explore", "--config", FRAME, "--seeds", "0..1000000", "--out", "long"];
    let program = Program::start(&place, "long", &args);
    while !place.path("long").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    program.signal(Signal::INT);
    let ended = program.ended_within(LONG).await;
    let report = campaign(&place, "long");
    assert_eq!(ended.code.map(u64::try_from), Some(Ok(number(&report, "/exit_code"))));
    assert!(number(&report, "/campaign/seeds") < 1_000_000);
    assert!(ended.err.contains("stopping; once more stops at once"), "{}", ended.err);
}

#[tokio::test]
async fn what_is_wrong_is_said_at_once() {
    let place = Place::new("explore-wrong");
    place.file("calm.yaml", "simulation: {duration: 10s}\n");
    place.file("none.yaml", "chaos: {enabled: true, events: []}\n");
    for (name, args, says) in [
        ("empty", &["--config", FRAME, "--seeds", "5..5"][..], "5..5 holds no seed; use A..B"),
        ("backwards", &["--config", FRAME, "--seeds", "9..5"], "9 is above 5"),
        ("no-number", &["--config", FRAME, "--seeds", "a..b"], "\"a\" is not a number"),
        ("no-seeds", &["--config", FRAME], "--seeds <A..B>"),
        ("no-jobs", &["--config", FRAME, "--seeds", "1", "--jobs", "0"], "0 is not in 1..=1024"),
        ("no-file", &["--config", "nowhere.yaml", "--seeds", "1"], "nowhere.yaml: cannot be read"),
        ("no-config", &["--seeds", "1"], "say --config FILE, such as configs/explore.yaml"),
        ("calm", &["--config", "calm.yaml", "--seeds", "1"], "chaos has no events to draw from"),
        ("none", &["--config", "none.yaml", "--seeds", "1"], "the list is empty"),
        ("out", &["--config", FRAME, "--seeds", "1", "--out", "calm.yaml"], "choose another --out"),
    ] {
        let ended = run(&place, name, &[&["explore"], args].concat()).await.with(2);
        assert!(ended.err.contains(says), "{name}: {}", ended.err);
        assert_eq!(ended.out, "", "{name}");
    }
}
