//! The order of verdicts, their exit codes, and the words of the report.

mod script;

use coordinator::{Class, Judge, RunInfo, Verdict};
use model::Timestamp;
use script::{History, found};

const GOOD: &str = "
    0.1 join a
    0.2 lead a
    0.3 grant a 1 0-3
    0.4 claim a 0 1
    1 store 0 1-4
    1 ack 0 1-4
    2 effect a 0 1-4
    beats a 1..9
";
const LOSS: &str = "3 store 0 5-7\n3 effect a 0 5,7\n";

fn judge(script: &str) -> coordinator::Report {
    let history = History::parse(&format!("{GOOD}{script}"));
    history.judge_in_pieces();
    history.judge_in_every_order()
}

#[test]
fn the_worst_verdict_wins() {
    let late = "3 store 0 5\n 3 ack 0 1-5\n";
    for (script, verdict, code) in [
        ("9 end".to_owned(), Verdict::Pass, 0),
        ("9 require fault worker_crash\n9 end".into(), Verdict::Inconclusive, 4),
        (format!("{late} 9 require handover\n9 end undrained"), Verdict::Liveness, 3),
        (format!("{late} 9 end undrained unreachable"), Verdict::Environment, 5),
        (format!("{LOSS} 9 end undrained unreachable"), Verdict::Correctness, 1),
        (format!("{LOSS} 9 require handover\n9 end"), Verdict::Correctness, 1),
    ] {
        let report = judge(&script);
        assert_eq!((report.verdict, report.exit_code), (verdict, code), "{script}");
    }
}

#[test]
fn a_run_without_effects_is_inconclusive_or_has_no_broker() {
    let empty = |end: &str| History::parse(&format!("0.1 join a\n{end}")).judge_in_every_order();
    assert_eq!(empty("1 end").verdict, Verdict::Inconclusive);
    assert_eq!(empty("1 end interrupted").verdict, Verdict::Inconclusive);
    assert_eq!(empty("1 end unreachable").verdict, Verdict::Environment);
}

#[test]
fn an_outage_at_the_end_loses_nothing_that_is_only_not_read() {
    let report = judge("3 ack 0 1-9\n9 end undrained unreachable");
    assert_eq!(found(&report).len(), 0);
}

#[test]
fn what_had_to_happen_is_checked_and_said() {
    let all = "
        9 require fault worker_crash
        9 require rebalance
        9 require handover
        9 require takeover
        9 require leader_change
        9 require fenced
        9 require reprocessed
        9 require recovered
    ";
    let report = judge(&format!("{all} 9 end"));
    assert_eq!(report.reasons.len(), 8);
    assert!(report.text().contains("Not Exercised:    the fault worker_crash"));
    assert!(report.text().contains("❌ FAILURE: inconclusive: never happened: the fault"));
    let happened = "
        3 join b
        3 plan 2 joined=b members=2 moved=1
        2.9 claim a 1 1
        3.1 grant a 2 0,2-3
        3.2 release a 1
        3.3 alive a 2
        3.4 grant b 3 1
        3.5 claim b 1 3
        4 fault crash b
        5 join b
        5.1 lead b
        5.2 claim b 1 3
        5.3 doubt 0 9 recovered=1
        6 worked a attempts=9 fenced=1
    ";
    let report = judge(&format!("{all}{happened} 9 end"));
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.reasons);
    assert_eq!(report.totals.reprocessed, 5);
}

#[test]
fn an_interrupted_run_is_judged_on_what_was_done() {
    let stuck = judge("3 store 0 5\n9 end undrained interrupted");
    assert_eq!(stuck.verdict, Verdict::Liveness, "an interrupted run has to drain, too");
    let report = judge("9 require handover\n9 end interrupted");
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.text().contains("Not Exercised:    a hand-over"));
    assert!(report.text().contains("Interrupted:"));
    let report = judge(&format!("{LOSS} 9 end undrained interrupted"));
    assert_eq!(report.verdict, Verdict::Correctness);
}

#[test]
fn the_report_starts_with_the_lines_that_are_promised() {
    let text = judge("9 end").text();
    let expected = "=== Simulation Report ===
Total Partitions: 4
Total Sent:       4
Total Received:   4
Gaps Detected:    0
Duplicates:       0
✅ SUCCESS: No message loss or duplication detected
";
    assert_eq!(text.get(..expected.len()), Some(expected), "{text}");
    let text = judge("3 store 0 5-7\n4 effect a 0 5,5,7\n4 ack 0 1-8\n9 end").text();
    let expected = "=== Simulation Report ===
Total Partitions: 4
Total Sent:       8
Total Received:   6
Gaps Detected:    2
Duplicates:       1
❌ FAILURE: lost by the broker: 1, lost in delivery: 1, duplicate: 1
";
    assert_eq!(text.get(..expected.len()), Some(expected), "{text}");
    for words in
        ["1. duplicate, partition 0, message 5 (×1) at +4.000 s", "by a (session 1, term 2"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours");
}

#[test]
fn while_it_runs_nothing_is_lost_yet() {
    let history = History::parse(&format!("{GOOD}{LOSS}"));
    let mut judge = Judge::new(script::settings(vec![]));
    for (_, told) in &history.told {
        judge.take(told.clone());
    }
    let report = judge.interim(Timestamp(5_000_000), &RunInfo::default());
    assert_eq!((report.verdict, found(&report).len()), (Verdict::Running, 0));
    let text = report.text();
    assert!(text.contains("Gaps Detected:    1"), "{text}");
    assert!(text.contains("⏳ RUNNING: 1 in flight, no anomaly so far"), "{text}");
    assert_eq!(judge.totals().passed_over, 1);
}

#[test]
fn the_keys_that_other_programs_read() {
    let run = RunInfo {
        seed: 7,
        commit: "abc".into(),
        reproduce: "simulation --seed 7".into(),
        config: serde_json::json!({"workers": {"consumption": "fenced"}, "partitions": {"count": 4}}),
        virtual_time: None,
    };
    let history = History::parse(&format!(
        "{GOOD}{LOSS} 4 fault pause a for=2\n5 plan 2 joined=b members=2\n9 end"
    ));
    let mut judge = Judge::new(script::settings(vec![]));
    for (_, told) in &history.told {
        judge.take(told.clone());
    }
    let report = judge.finish(history.end.clone(), &run);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "correctness");
    assert_eq!((&json["exit_code"], &json["seed"]), (&1.into(), &7.into()));
    assert_eq!(json["reproduce"], "simulation --seed 7");
    let totals =
        ["partitions", "sent", "stored", "received", "effects", "in_doubt", "attempts", "fenced"];
    for key in totals {
        assert!(json["totals"][key].is_number(), "totals.{key}");
    }
    let classes = [
        "lost_by_broker",
        "lost_in_delivery",
        "duplicate",
        "out_of_order",
        "unexpected",
        "corrupt",
        "two_owners",
        "unowned",
        "needless_move",
    ];
    for key in classes {
        assert!(json["anomalies"][key].is_number(), "anomalies.{key}");
    }
    for key in ["class", "partition", "sequences", "evidence", "faults"] {
        assert!(json["findings"][0].get(key).is_some(), "findings[].{key}");
    }
    assert_eq!(json["findings"][0]["class"], "lost_in_delivery");
    for key in ["epoch", "cause", "moved", "needed", "seconds"] {
        assert!(json["rebalances"][0].get(key).is_some(), "rebalances[].{key}");
    }
    for key in ["at", "event", "target", "duration", "effect"] {
        assert!(json["faults"][0].get(key).is_some(), "faults[].{key}");
    }
    assert_eq!(json["faults"][0]["duration"], 2.0);
    assert!(json["resources"].is_object());
    assert_eq!(serde_json::from_value::<coordinator::Report>(json).unwrap(), report);
    for class in Class::ALL {
        assert!(!class.words().is_empty());
    }
}
