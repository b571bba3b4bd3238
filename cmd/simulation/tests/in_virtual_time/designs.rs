//! The designs of consumption and of publishing, each under the same faults: what each promises, it keeps, but
//! for the one that loses messages at every rebalance and the one that stores them again after a long outage,
//! which have to be found out.

use crate::common::{Place, TINY, number, run};
use serde_json::Value;

const PER_PARTITION: &str = "workers.consumption=durable-per-partition";
const PER_WORKER: &str = "workers.consumption=durable-per-worker";

/// One after the other, what may happen to a group; the newest member goes first.
const CALM: &str = "chaos.enabled=false";
const MOVES: &str = "chaos.script=[{at: 2s, event: scale_up}, {at: 4s, event: scale_down}, \
     {at: 6s, event: worker_restart}]";
const CRASH: &str = "chaos.script=[{at: 3s, event: worker_crash, restart_after: 3s}]";
const PAUSE: &str = "chaos.script=[{at: 3s, event: worker_pause, for: 3s}]";
const CUT: &str = "chaos.script=[{at: 3s, event: network_disconnect, target: worker, for: 3s}]";
const STOP: &str = "chaos.script=[{at: 3s, event: broker_restart, for: 2s}]";

fn place(name: &str) -> Place {
    place_with(name, 8)
}

/// Where so many messages a second come to each partition.
fn place_with(name: &str, rate: u32) -> Place {
    let place = Place::new(name);
    let tiny = TINY.replace("duration: 6s", "duration: 10s").replace("memory", "file");
    place.file("tiny.yaml", &tiny.replace("partition: 8", &format!("partition: {rate}")));
    place
}

async fn virtually(place: &Place, name: &str, design: &str, chaos: &str, seed: u64) -> Value {
    virtually_with(place, name, &[design], chaos, seed).await
}

async fn virtually_with(
    place: &Place,
    name: &str,
    settings: &[&str],
    chaos: &str,
    seed: u64,
) -> Value {
    let seed = seed.to_string();
    let mut args = vec!["--virtual", "--config", "tiny.yaml", "--report", name, "--seed", &seed];
    for set in settings.iter().chain(&["chaos.enabled=true", "chaos.events=[]", chaos]) {
        args.extend(["--set", set]);
    }
    run(place, name, &args).await;
    place.report(name)
}

fn anomalies(report: &Value) -> Vec<(&str, u64)> {
    let all = report["anomalies"].as_object().unwrap().iter();
    let all = all.map(|(class, count)| (class.as_str(), count.as_u64().unwrap()));
    all.filter(|(_, count)| *count > 0).collect()
}

/// Why a message was lost, as the report says it.
fn strandings(report: &Value) -> usize {
    let findings = report["findings"].as_array().unwrap().iter();
    let lost = findings.filter(|finding| finding["class"] == "lost_in_delivery");
    let shown = lost.filter(|finding| finding["evidence"].to_string().contains("never goes back"));
    shown.count()
}

/// What was delivered again, and late; all of it explained, and nothing wrong.
fn kept(report: &Value, name: &str) -> [u64; 2] {
    assert_eq!(anomalies(report), [], "{name}");
    let verdict = report["verdict"].as_str().unwrap();
    assert!(["pass", "inconclusive"].contains(&verdict), "{name}: {}", report["reasons"]);
    let counts = ["redelivered", "late"].map(|key| number(report, &format!("/totals/{key}")));
    let explained = report["redelivered"].as_array().unwrap();
    assert_eq!(explained.is_empty(), counts == [0, 0], "{name}");
    counts
}

#[tokio::test]
async fn fenced_and_durable_per_partition_keep_their_promises_whatever_happens() {
    let place = place("designs_kept");
    let fenced = "workers.consumption=fenced";
    for (index, chaos) in [CALM, MOVES, CRASH, PAUSE, CUT, STOP].into_iter().enumerate() {
        for (design, promise) in [(fenced, "exactly-once"), (PER_PARTITION, "at-least-once")] {
            let name = format!("{promise}-{index}");
            let report = virtually(&place, &name, design, chaos, 3).await;
            assert_eq!(design.split_once('=').unwrap().1, report["consumption"]);
            assert!(report["promise"].to_string().contains(promise), "{}", report["promise"]);
            let counts = kept(&report, &name);
            if design == fenced || [CALM, MOVES].contains(&chaos) {
                assert_eq!(counts, [0, 0], "{name}: nothing explains it");
            }
        }
    }
}

#[tokio::test]
async fn what_a_fault_repeats_is_explained() {
    let place = place_with("designs_explained", 60);
    let (mut again, mut late) = (0, 0);
    // One between the effect and its acknowledgement has to be hit: about every second crash does.
    for seed in 1..=8 {
        let name = format!("crash-{seed}");
        let report = virtually(&place, &name, PER_PARTITION, CRASH, seed).await;
        let counts = kept(&report, &name);
        let explained = report["redelivered"].to_string();
        let is_explained = explained.contains("worker_crash on worker-");
        assert_eq!(is_explained, counts != [0, 0], "{name}: {explained}");
        (again, late) = (again + counts[0], late + counts[1]);
    }
    assert!(again > 0 && late > 0, "{again} were delivered again, {late} late");
}

#[tokio::test]
async fn durable_per_worker_loses_messages_at_a_rebalance() {
    let place = place("designs_lost");
    let calm = virtually(&place, "calm", PER_WORKER, CALM, 1).await;
    assert_eq!((anomalies(&calm), &calm["verdict"]), (vec![], &"pass".into()), "nothing moved");
    // Who has no partition must not consume any: without a filter it would get all of them.
    place.file(
        "tiny.yaml",
        &TINY.replace("count: 12", "count: 2").replace("count: 2}", "count: 1}"),
    );
    let few = virtually(&place, "few", PER_WORKER, CALM, 1).await;
    assert_eq!((anomalies(&few), &few["verdict"]), (vec![], &"pass".into()), "two of three work");
    let place = self::place("designs_lost_moves");
    for seed in 1..=3 {
        let report = virtually(&place, &format!("run-{seed}"), PER_WORKER, MOVES, seed).await;
        assert_eq!(number(&report, "/exit_code"), 1, "{}", report["reasons"]);
        let classes: Vec<_> = anomalies(&report).into_iter().map(|(class, _)| class).collect();
        // Who joins may also repeat what others did meanwhile; not all that they ever did.
        assert!(number(&report, "/anomalies/duplicate") < 20, "seed {seed}");
        assert!(classes.contains(&"lost_in_delivery"), "seed {seed}: {classes:?}");
        assert!(strandings(&report) > 0, "seed {seed}: {}", report["findings"]);
    }
}

/// Producers that are cut off again and again: now and then one waits for an answer.
const CUTS: &str = "chaos.script=[\
     {at: 1s, event: network_disconnect, target: producer-0, for: 2s, half_open: true}, \
     {at: 2s, event: network_disconnect, target: producer-1, for: 2s, half_open: true}, \
     {at: 4s, event: network_disconnect, target: producer-0, for: 2s, half_open: false}, \
     {at: 5s, event: network_disconnect, target: producer-1, for: 2s, half_open: false}]";

#[tokio::test]
async fn ids_keep_messages_from_being_stored_again_for_as_long_as_their_window() {
    let place = place_with("designs_published", 60);
    let by_id = "producers.publishing=message-id";
    for (name, design, window, repeats) in [
        ("conditional", "producers.publishing=conditional", "1s", false),
        ("remembered", by_id, "1m", false),
        ("forgotten", by_id, "1s", true),
    ] {
        let window = format!("nats.jetstream.duplicate_window={window}");
        let (mut repeated, mut recovered) = (0, 0);
        for seed in 1..=8 {
            let name = format!("{name}-{seed}");
            let report = virtually_with(&place, &name, &[design, &window], CUTS, seed).await;
            recovered += number(&report, "/totals/recovered");
            match anomalies(&report)[..] {
                [] => {}
                [("duplicate", count)] => repeated += count,
                ref others => panic!("{name}: {others:?}"),
            }
        }
        assert_eq!(repeated > 0, repeats, "{name}: {repeated} were stored again");
        assert!(repeats || recovered > 0, "{name}: nothing that was in doubt was stored");
    }
}

#[tokio::test]
async fn the_same_holds_on_a_server() {
    let place = place("designs_real");
    for (name, design, code) in [("partition", PER_PARTITION, 0), ("worker", PER_WORKER, 1)] {
        let mut args = vec!["--config", "tiny.yaml", "--report", name, "--seed", "1"];
        for set in [
            design,
            "simulation.duration=5s",
            "coordinator.validation_window=6s",
            "chaos.enabled=true",
            "chaos.events=[]",
            "chaos.script=[{at: 1s, event: scale_up}, {at: 2s, event: worker_crash}, \
             {at: 4s, event: scale_down}]",
        ] {
            args.extend(["--set", set]);
        }
        let ended = run(&place, name, &args).await.with(code);
        let report = place.report(name);
        let lost = number(&report, "/anomalies/lost_in_delivery");
        assert_eq!(lost > 0, code == 1, "{}", ended.out);
        assert_eq!(strandings(&report) > 0, code == 1, "{}", ended.out);
        assert!(
            ended.out.contains(&format!("at-least-once, by durable-per-{name}")),
            "{}",
            ended.out
        );
    }
}
