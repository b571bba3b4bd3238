//! Hand-written histories of ledgers that nothing fences: what is promised at least once may come
//! again, or late, only where a fault explains it; it may never be lost.

mod script;

use std::collections::BTreeMap;

use coordinator::{Class, Culprit, Promise, Report, Rule, Verdict};
use script::{History, found};

/// Two members; the first has partition 0.
const TWO: &str = "
    0 promise again 8
    0.1 join a
    0.2 lead a
    0.25 join b
    0.3 grant a 1 0-1
    0.3 grant b 1 2-3
    0.4 own a 0
    1 store 0 1-6
    beats b 1..40
";

/// The first member is killed at 3 s, and the second takes over.
const CRASH: &str = "
    3 fault crash a
    6 expire a
    6.1 grant b 2 0-3
    6.5 own b 0
";

/// The first member is paused from 3 s to 10 s, and the second takes over.
const PAUSE: &str = "
    beats a 1..2
    3 fault pause a
    6 expire a
    6.1 grant b 2 0-3
    6.5 own b 0
    10 fault ends=1
    10.5 join a
";

fn judge(name: &str, script: &str) -> Report {
    println!("history: {name}");
    let history = History::parse(&format!("{TWO}\n{script}"));
    history.judge_in_pieces();
    history.judge_in_every_order()
}

type Case = (&'static str, &'static str, &'static [(Class, u64)]);

const BAD: &[Case] = &[
    (
        "a message is never done",
        "beats a 1..9
        2 done a 0 1,3-6
        9 end drained",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "a crash explains no loss",
        "7 done b 0 2-6
        40 end undrained",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "done again, and nothing happened",
        "beats a 1..40
        2 done a 0 1-6
        3 done a 0 4
        40 end drained",
        &[(Class::Duplicate, 1)],
    ),
    (
        "done again when somebody else was paused",
        "beats a 1..40
        2 fault pause b for=2
        2 done a 0 1-6
        3 done a 0 4
        40 end drained",
        &[(Class::Duplicate, 1)],
    ),
    (
        "done again long after its member was paused",
        "beats a 1..40
        1.1 fault pause a for=1
        20 done a 0 1-6
        21 done a 0 4
        40 end drained",
        &[(Class::Duplicate, 1)],
    ),
    (
        "done again by the next owner after a hand-over in good order",
        "beats a 1..3
        2 done a 0 1-6
        2.5 fault stop a
        3 drop a 0
        3.1 left a
        3.2 grant b 2 0-3
        3.5 own b 0
        4 done b 0 6
        40 end drained",
        &[(Class::Duplicate, 1)],
    ),
    (
        "a skipped fault explains nothing",
        "beats a 1..40
        1.1 fault skip a
        2 done a 0 1-6
        3 done a 0 4
        40 end drained",
        &[(Class::Duplicate, 1)],
    ),
    (
        "below an earlier one, and nothing happened",
        "beats a 1..40
        2 done a 0 1-3,5
        3 done a 0 4,6
        40 end drained",
        &[(Class::OutOfOrder, 1)],
    ),
    (
        "below an earlier one, after a pause of somebody who never had the partition",
        "beats a 1..40
        1.1 fault pause b for=2
        2 done a 0 1-3,5
        3 done a 0 4,6
        40 end drained",
        &[(Class::OutOfOrder, 1)],
    ),
    (
        "done and never sent",
        "beats a 1..40
        2 done a 0 1-7
        40 end drained",
        &[(Class::Unexpected, 1)],
    ),
    (
        "done, and no number that any message has",
        "beats a 1..40
        2 done a 0 1-6,9007199254740993
        40 end drained",
        &[(Class::Unexpected, 1)],
    ),
    (
        "nobody had the partition for too long",
        "beats a 1..40
        2 done a 0 1-3
        3 drop a 0
        30 own b 0
        31 done b 0 4-6
        40 end drained",
        &[(Class::Unowned, 1)],
    ),
];

#[test]
fn every_class_is_flagged() {
    for (name, script, expected) in BAD {
        let crash = if name.starts_with("a crash") { CRASH } else { "" };
        let report = judge(name, &format!("{crash}\n{script}"));
        assert_eq!(found(&report), expected.iter().copied().collect(), "{name}");
        assert_eq!(report.totals.redelivered + report.totals.late, 0, "{name}");
    }
}

/// Name, script, second effects, late first effects, and by which faults.
type Explained = (&'static str, &'static str, &'static str, u64, u64, &'static str);

const GOOD: &[Explained] = &[
    ("each message once", "", "beats a 1..40\n2 done a 0 1-6", 0, 0, ""),
    (
        "killed before it acknowledged",
        CRASH,
        "2 done a 0 1-3\n7 done b 0 2-6",
        2,
        0,
        "worker_crash",
    ),
    (
        "killed with messages in its hands, which come after those that follow",
        CRASH,
        "2 done a 0 1-2\n7 done b 0 5-6\n9 done b 0 3-4",
        0,
        2,
        "worker_crash",
    ),
    (
        "paused with messages in its hands, and does them when it wakes",
        PAUSE,
        "2 done a 0 1-3\n7 done b 0 4-6\n10.1 done a@1 0 4\n10.2 drop a@1 0",
        1,
        0,
        "worker_pause",
    ),
    (
        "cut off for a moment, so that its acknowledgement did not arrive",
        "beats a 1..40",
        "1.5 fault pause a event=worker_cut for=1\n2 done a 0 1-6\n8 done a 0 5",
        1,
        0,
        "worker_cut",
    ),
    (
        "cut off for a moment, so that a delivery did not arrive",
        "beats a 1..40",
        "1.5 fault pause a event=worker_cut for=1\n3 done a 0 1-3,5-6\n8 done a 0 4",
        0,
        1,
        "worker_cut",
    ),
    (
        "the broker was down",
        "beats a 1..40",
        "2 done a 0 1-6\n2.1 fault broker nats event=server_stop for=2\n8 done a 0 6",
        1,
        0,
        "server_stop",
    ),
];

#[test]
fn what_a_fault_explains_is_counted_and_shown() {
    for (name, before, script, again, late, event) in GOOD {
        let report = judge(name, &format!("{before}\n{script}\n40 end drained"));
        assert_eq!(found(&report), BTreeMap::new(), "{name}");
        assert_eq!(report.verdict, Verdict::Pass, "{name}: {:?}", report.reasons);
        let totals = &report.totals;
        assert_eq!((totals.redelivered, totals.late), (*again, *late), "{name}");
        let by: Vec<_> = report.redelivered.iter().map(|of| of.event.as_str()).collect();
        let expected: Vec<_> = Some(*event).filter(|event| !event.is_empty()).into_iter().collect();
        assert_eq!(by, expected, "{name}");
        for of in &report.redelivered {
            assert_eq!((of.again, of.late), (*again, *late), "{name}");
            assert_eq!(of.examples.len() as u64, again + late, "{name}");
            assert!(of.examples.iter().all(|example| example.evidence.len() == 2), "{name}");
            assert!(report.text().contains(&of.examples[0].fault), "{name}");
        }
    }
}

#[test]
fn a_second_repetition_needs_an_explanation_of_its_own() {
    let script = "2 done a 0 1-6
        8 done b 0 6
        30 done b 0 6
        40 end drained";
    let report = judge("twice again", &format!("{CRASH}\n{script}"));
    assert_eq!(found(&report), BTreeMap::from([(Class::Duplicate, 1)]));
    assert_eq!(report.totals.redelivered, 1);
    let finding = &report.findings[0];
    assert_eq!((finding.rule, finding.evidence.len()), (Rule::Explained, 2));
    let ledger = |index: usize| finding.evidence[index].ledger.unwrap().0;
    assert!(ledger(0) < ledger(1), "the one before, then the one again");
    assert_eq!(finding.evidence[0].holder.as_ref().unwrap().member.as_str(), "b");
}

#[test]
fn what_is_promised_once_is_not_explained() {
    let once = TWO.replace("0 promise again 8", "");
    let script = format!("{once}\n{CRASH}\n2 done a 0 1-3\n7 done b 0 3-6\n40 end drained");
    let report = History::parse(&script).judge_in_every_order();
    assert_eq!(report.promise, Promise::ExactlyOnce);
    assert_eq!(found(&report), BTreeMap::from([(Class::Duplicate, 1)]));
    let script = format!("{once}\n{CRASH}\n2 done a 0 1-3\n7 done b 0 4-6\n40 end drained");
    let report = History::parse(&script).judge_in_every_order();
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.reasons);
}

#[test]
fn a_record_that_was_stored_twice_counts_once() {
    let script = "beats a 1..40
        2 done a 0 1-6 number=2
        3 done a 0 1-6 number=2
        3.5 own a 0 number=1
        4 own a 0 number=1
        5 drop a 0 number=3
        5 own a 0 number=4
        6 drop a 0 number=3
        40 end drained";
    let report = judge("retold", script);
    assert_eq!(found(&report), BTreeMap::new());
    assert_eq!(report.totals.retold, 3);
    assert_eq!(report.totals.owned, 1, "the release that came twice took nothing away");
}

#[test]
fn who_says_late_that_it_has_a_partition_takes_it_from_nobody() {
    let script = "beats a 1..40
        1.1 own b 0 epoch=2
        1.2 own a 0 epoch=1
        1.3 drop a 0
        2 done b 0 1-6
        40 end drained";
    let began = TWO.replace("0.4 own a 0", "");
    let report = History::parse(&format!("{began}\n{script}")).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::new());
    assert_eq!((report.totals.owned, report.totals.claims), (1, 1), "that of b");
    let newer = script.replace("epoch=1", "epoch=3");
    let report = History::parse(&format!("{began}\n{newer}")).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::from([(Class::Unowned, 1)]), "it had it, and let it go");
}

#[test]
fn two_who_consume_one_partition_are_measured_and_not_charged() {
    let script = "beats a 1..3
        7 done b 0 1-6
        12 drop a@1 0
        beats a 13..40
        40 end drained";
    let pause = PAUSE.replace("10.5 join a", "12.5 join a");
    let report = judge("overlap", &format!("{pause}\n{script}"));
    assert_eq!(found(&report), BTreeMap::new());
    assert_eq!(report.totals.overlap_seconds, 5.5, "from 6.5 s until it let go at 12 s");
    let of_fault: f64 = report.faults.iter().map(|f| f.impact.doubly_processed_seconds).sum();
    assert_eq!(of_fault, 5.5);
    assert_eq!(
        report.totals.owned, 1,
        "what the old owner lets go of is not taken from the new one"
    );
    let alive = "beats a 1..40
        2 done a 0 1-3
        3 own b 0
        4 done b 0 4-6
        5 drop a 0
        40 end drained";
    let report = judge("both alive", alive);
    assert_eq!(found(&report), BTreeMap::new());
    assert_eq!(report.totals.overlap_seconds, 2.0);
    let acknowledged = "beats a 1..40
        2 done a 0 1-3
        2.1 grant a 2 1
        2.5 alive a 2
        3 own b 0
        4 done b 0 4-6
        40 end drained";
    let report = judge("acknowledged and not released", acknowledged);
    assert_eq!(found(&report), BTreeMap::new());
    let report = judge("no overlap", &format!("{CRASH}\n7 done b 0 1-6\n40 end drained"));
    assert_eq!(report.totals.overlap_seconds, 0.0, "the dead hold nothing");
}

#[test]
fn how_long_nobody_had_it_is_measured_as_for_claims() {
    let rest = "0.4 own b 1\n0.4 own b 2\n0.4 own b 3";
    let script = format!("{rest}\n{CRASH}\n2 done a 0 1-3\n7 done b 0 4-6\n40 end drained");
    let report = judge("crash", &script);
    let recovery = &report.recoveries[0];
    assert_eq!((recovery.event.as_str(), recovery.seconds), ("worker_crash", 3.5));
    let owned = report.faults[0].impact.unowned_seconds;
    assert_eq!(owned, 3.5);
}

#[test]
fn a_message_behind_the_consumer_of_its_new_owner_is_shown_to_be() {
    let script = "beats a 1..3
        2 done a 0 1-3
        3 drop a 0
        3.1 left a
        3.2 grant b 2 0-3
        3.5 own b 0 position=6
        4 store 0 7
        5 done b 0 7
        40 end undrained";
    let report = judge("stranded", script);
    assert_eq!(found(&report), BTreeMap::from([(Class::LostInDelivery, 3)]));
    assert_eq!(report.verdict, Verdict::Correctness);
    let finding = &report.findings[0];
    assert!(finding.detail.starts_with("middle"), "{}", finding.detail);
    let shown = finding.evidence.iter().find(|e| e.what.contains("message record 6"));
    let shown = shown.expect("the consumer's position");
    assert_eq!(shown.holder.as_ref().unwrap().member.as_str(), "b");
    assert!(matches!(&finding.culprit, Culprit::Member { member, .. } if member.as_str() == "b"));
    let early: String =
        (20..60).map(|n| format!("2.{n} own a 0 position=1\n2.{n} drop a 0\n")).collect();
    let report = judge("after many that passed over nothing", &format!("{early}{script}"));
    let shown = |report: &Report| {
        report.findings[0].evidence.iter().any(|e| e.what.contains("message record 6"))
    };
    assert!(shown(&report));
    let gone = |at: u32| {
        let bye = format!("{at} drop b 0\n{at}.1 left b\n{at}.2 end");
        let beats = format!("1..{at}");
        format!("{}\n{}", TWO.replace("1..40", &beats), script.replace("40 end", &bye))
    };
    let report = History::parse(&gone(20)).judge_in_every_order();
    assert_eq!(
        found(&report),
        BTreeMap::from([(Class::LostInDelivery, 3)]),
        "it did nothing for long"
    );
    let report = History::parse(&gone(14)).judge_in_every_order();
    assert_eq!(found(&report)[&Class::Undrained], 3, "it had no time to");
    for near in [
        // Below its position nothing waits; it lost them otherwise.
        script.replace("position=6", "position=3"),
        script.replace(" position=6", ""),
    ] {
        let report = judge("not behind it", &near);
        assert_eq!(found(&report), BTreeMap::from([(Class::LostInDelivery, 3)]));
        let shown = report.findings[0].evidence.iter().any(|e| e.what.contains("never goes back"));
        assert!(!shown, "{near}");
    }
}

#[test]
fn a_foreign_history_needs_no_group() {
    use std::time::Duration;

    use broker::Seq;
    use coordinator::{End, Judge, JudgeSettings, Output, RunInfo, ToldRecord};
    use model::{PartitionId, PartitionSeq, Timestamp};
    use parti::MemberId;
    use parti::records::Session;

    let reach = Duration::from_secs(8);
    let settings = script::settings(vec![]);
    let promise = Promise::AtLeastOnce { reach };
    let mut judge = Judge::new(JudgeSettings { promise, ..settings });
    let (member, session) = (MemberId::new("w").unwrap(), Session(1));
    let p = PartitionId(0);
    let owned = ToldRecord::Owned {
        member: member.clone(),
        session,
        number: 0,
        epoch: Default::default(),
        position: None,
    };
    judge.told(p, Seq(1), Timestamp(0), owned);
    for n in 1..=20_000u64 {
        let at = Timestamp(n as i64 * 100_000);
        // Every tenth is done again: nothing explains it, and it must not pile up.
        let outputs = [n, n.max(2) - 1].map(|seq| Output::Done(PartitionSeq(seq)));
        let outputs = if n % 10 == 0 { outputs.to_vec() } else { outputs[..1].to_vec() };
        judge.told(
            p,
            Seq(n + 1),
            at,
            ToldRecord::Done {
                member: member.clone(),
                session,
                number: 0,
                message: Seq::NONE,
                outputs,
            },
        );
        judge.told_until(at);
        judge.drain_events();
    }
    assert!(judge.entries() < 2_000, "{} entries", judge.entries());
    let end = End {
        at: Timestamp(2_001_000_000),
        drained_within: true,
        broker_reachable: true,
        interrupted: false,
        resources: BTreeMap::new(),
    };
    let report = judge.finish(end, &RunInfo::default());
    assert_eq!(report.anomalies.duplicate, 2_000);
    assert_eq!(report.anomalies.unexpected, 20_000, "nobody said that they were sent");
}
