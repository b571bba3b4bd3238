//! Hand-written histories about messages: for every class one that must be flagged with exactly
//! that class, and near misses that must not be flagged.

mod script;

use std::collections::BTreeMap;

use coordinator::{Class, Culprit, Report, Verdict};
use script::{History, found};

/// One member that owns partition 0.
const ONE: &str = "
    0.1 join a
    0.2 lead a
    0.3 grant a 1 0-3
    0.4 claim a 0 1
    beats a 1..9
";

fn judge(name: &str, script: &str) -> Report {
    println!("history: {name}");
    let history = History::parse(&format!("{ONE}\n{script}"));
    history.judge_in_pieces();
    history.judge_in_every_order()
}

type Case = (&'static str, &'static str, &'static [(Class, u64)]);

const BAD: &[Case] = &[
    (
        "a sequence that its producer passed over",
        "1 store 0 1-2,4
        1 ack 0 1-2,4
        2 effect a 0 1-2,4
        9 end",
        &[(Class::LostByProducer, 1)],
    ),
    (
        "a sequence in doubt that never came, though later ones did",
        "1 doubt 0 2-3
        1 store 0 1,4-5
        2 effect a 0 1,4-5
        9 end",
        &[(Class::LostByProducer, 2)],
    ),
    (
        "done before a handler can have finished",
        "0 handler 0.5
        1 store 0 1
        1.3 store 0 2-3
        1.6 effect a 0 1-3
        9 end",
        &[(Class::Unprocessed, 2)],
    ),
    (
        "nothing waits, and yet it did not drain",
        "1 store 0 1-4
        2 effect a 0 1-4
        9 end undrained",
        &[(Class::Undrained, 1)],
    ),
    (
        "a message in the middle is skipped",
        "1 store 0 1-4
        2 effect a 0 1,2,4
        9 end",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "the first messages are skipped",
        "1 store 0 1-4
        2 effect a 0 3,4
        9 end",
        &[(Class::LostInDelivery, 2)],
    ),
    (
        "an effect says more than it did",
        "1 store 0 1-4
        2 effect a 0 1,2 through=4
        9 end",
        &[(Class::LostInDelivery, 2)],
    ),
    (
        "a claim starts too far ahead",
        "1 store 0 1-4
        2 effect a 0 1
        3 join b
        3.1 grant a 2 1-3
        5 release a 0
        5.1 alive a 2
        5.2 grant b 3 0
        6 claim b 0 3 through=3
        7 effect b 0 4
        9 end",
        &[(Class::LostInDelivery, 2)],
    ),
    (
        "a release says more than was done",
        "1 store 0 1-2
        2 effect a 0 1
        3 release a 0 through=2
        4 claim a 0 2
        9 end",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "the tail is never done though the drain ended",
        "1 store 0 1-4
        2 effect a 0 1-3
        9 end drained",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "the tail of an owned partition stands still",
        "1 store 0 1-4
        beats a 10..20
        2 effect a 0 1-3
        20 end undrained",
        &[(Class::LostInDelivery, 1)],
    ),
    (
        "nothing is ever done",
        "1 store 0 1-4
        beats a 10..20
        20 end undrained",
        &[(Class::LostInDelivery, 4)],
    ),
    (
        "acknowledged, never stored",
        "1 store 0 1-3
        1 ack 0 1-4
        2 effect a 0 1-3
        9 end",
        &[(Class::LostByBroker, 1)],
    ),
    (
        "acknowledged in the middle, never stored",
        "1 store 0 1,3,5
        1 ack 0 1-5
        2 effect a 0 1,3,5
        9 end",
        &[(Class::LostByBroker, 2)],
    ),
    (
        "one effect twice",
        "1 store 0 1-4
        2 effect a 0 1-3
        3 effect a 0 3-4
        9 end",
        &[(Class::Duplicate, 1)],
    ),
    (
        "a whole effect twice",
        "1 store 0 1-4
        2 effect a 0 1-4
        3 effect a 0 1-4
        9 end",
        &[(Class::Duplicate, 4)],
    ),
    (
        "twice in one record",
        "1 store 0 1-2
        2 effect a 0 1,2,2
        9 end",
        &[(Class::Duplicate, 1)],
    ),
    (
        "the next owner begins too early",
        "1 store 0 1-4
        2 effect a 0 1-4
        3 join b
        3.1 grant a 2 1-3
        5 release a 0
        5.1 alive a 2
        5.2 grant b 3 0
        6 claim b 0 3 through=2
        7 effect b 0 3-4
        9 end",
        &[(Class::Duplicate, 2)],
    ),
    (
        "a message stored twice by its producer",
        "1 store 0 1,2,2,3
        2 effect a 0 1,2,2,3
        9 end",
        &[(Class::Duplicate, 1)],
    ),
    (
        "a message stored out of order by its producer",
        "1 store 0 1,3,2,4
        2 effect a 0 1,3,2,4
        9 end",
        &[(Class::OutOfOrder, 1)],
    ),
    (
        "two messages swapped in one record",
        "1 store 0 1-4
        2 effect a 0 1,3,2,4
        9 end",
        &[(Class::OutOfOrder, 1)],
    ),
    (
        "a message comes after a later record",
        "1 store 0 1-4
        2 effect a 0 1,3-4
        3 effect a 0 2
        9 end",
        &[(Class::OutOfOrder, 1)],
    ),
    (
        "an effect of a message that was never sent",
        "1 store 0 1-3
        2 effect a 0 1-3,17
        9 end",
        &[(Class::Unexpected, 1)],
    ),
    (
        "an effect of an absurd sequence",
        "1 store 0 1-3
        2 effect a 0 1-3,18446744073709551615 through=3
        9 end",
        &[(Class::Unexpected, 1)],
    ),
    (
        "a corrupt message",
        "1 store 0 1
        1 corrupt 0
        1 store 0 3
        1 ack 0 1-3
        2 effect a 0 1,corrupt,3
        9 end",
        &[(Class::Corrupt, 1)],
    ),
    (
        "a message on the subject of another partition",
        "1 store 0 1
        1 misplace 0 1 7
        1 store 0 2
        1 ack 0 1-2
        1 ack 1 7
        2 effect a 0 1,corrupt,2
        9 end",
        &[(Class::Corrupt, 1)],
    ),
];

#[test]
fn bad_histories_are_flagged_with_exactly_their_class() {
    for (name, script, expected) in BAD {
        let report = judge(name, script);
        assert_eq!(found(&report), BTreeMap::from_iter(expected.iter().copied()), "{name}");
        let liveness = expected.iter().all(|(class, _)| class.is_liveness());
        let verdict = if liveness { Verdict::Liveness } else { Verdict::Correctness };
        assert_eq!(report.verdict, verdict, "{name}");
        assert_eq!(report.exit_code, verdict.exit_code(), "{name}");
        assert!(!report.findings.is_empty(), "{name}");
    }
}

const GOOD: &[(&str, &str)] = &[
    (
        "all is well",
        "1 store 0 1-4
        1 ack 0 1-4
        2 effect a 0 1-2
        3 effect a 0 3-4",
    ),
    (
        "an effect comes late",
        "1 store 0 1-4
        2 effect a 0 1-3
        8.9 effect a 0 4",
    ),
    (
        "in doubt, yet stored",
        "1 store 0 1-4
        1 ack 0 1-3
        1.5 doubt 0 4 recovered=1
        2 effect a 0 1-4",
    ),
    (
        "in doubt, and not stored",
        "1 store 0 1-3
        1 ack 0 1-3
        1.5 doubt 0 4
        2 effect a 0 1-3",
    ),
    (
        "acknowledgements out of order",
        "1 store 0 1-4
        1 ack 0 3-4
        2 ack 0 1
        3 ack 0 2
        4 effect a 0 1-4",
    ),
    (
        "the last sequences are in doubt for ever",
        "1 store 0 1-4
        1 ack 0 1-4
        1 doubt 0 5-6
        2 effect a 0 1-4",
    ),
    (
        "done as soon as a handler can be",
        "0 handler 0.5
        1 store 0 1-4
        1.5 effect a 0 1-4",
    ),
    (
        "processed twice, done once",
        "1 store 0 1-4
        2 effect a 0 1-4
        3 worked a attempts=9",
    ),
    (
        "a refused effect",
        "1 store 0 1-4
        2 effect a 0 1-4
        3 worked a attempts=6 fenced=2",
    ),
    (
        "foreign records",
        "1 store 0 1-2
        1 foreign 0
        1 store 0 3
        2 scribble 0
        3 effect a 0 1-2,foreign,3",
    ),
    (
        "a foreign record at the end",
        "1 store 0 1-2
        1 foreign 0
        3 effect a 0 1-2,foreign through=3",
    ),
    (
        "an empty effect",
        "1 store 0 1
        2 effect a 0 1
        3 effect a 0",
    ),
    (
        "a partition without messages beside one with some",
        "1 store 0 1
        1 claim a 1 1
        2 effect a 0 1",
    ),
];

#[test]
fn near_misses_are_not_flagged() {
    for (name, script) in GOOD {
        let report = judge(name, &format!("{script}\n9 end drained"));
        assert_eq!(found(&report), BTreeMap::new(), "{name}");
        assert_eq!(report.verdict, Verdict::Pass, "{name}: {:?}", report.reasons);
        assert_eq!(report.exit_code, 0, "{name}");
    }
}

#[test]
fn losses_are_told_apart_and_given_to_who_passed_over_them() {
    let report = judge(
        "three kinds",
        "
        1 store 0 1-9
        2 effect a 0 3-4,6
        3 join b
        3.1 grant a 2 1-3
        5 release a 0
        5.1 alive a 2
        5.2 grant b 3 0
        5.5 claim b 0 3
        6 effect b 0 7,9
        7 store 0 10
        9 end drained",
    );
    let losses: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.detail.split(':').next().unwrap(), f.sequences[0].0, f.sequences[0].1))
        .collect();
    assert_eq!(losses, [("prefix", 1, 2), ("middle", 5, 5), ("middle", 8, 8), ("tail", 10, 10)]);
    let members: Vec<_> = report
        .findings
        .iter()
        .map(|finding| match &finding.culprit {
            Culprit::Member { member, .. } => member.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(members, ["a", "a", "b", "b"]);
    assert_eq!(report.findings[0].evidence[0].ledger, Some(broker::Seq(2)));
}

#[test]
fn a_duplicate_names_both_records() {
    let report = judge(
        "duplicate",
        "
        1 store 0 1-4
        2 effect a 0 1-4
        3 join b
        3.1 grant a 2 1-3
        5 release a 0
        5.1 alive a 2
        5.2 grant b 3 0
        6 claim b 0 3 through=3
        7 effect b 0 4
        9 end",
    );
    let evidence = &report.findings[0].evidence;
    let named: Vec<_> = evidence
        .iter()
        .map(|e| (e.ledger.unwrap().0, e.holder.as_ref().unwrap().member.as_str()))
        .collect();
    assert_eq!(named, [(2, "a"), (5, "b")]);
}

#[test]
fn a_producer_is_blamed_for_what_it_stored() {
    for script in
        ["1 store 0 1,1\n2 effect a 0 1,1\n9 end", "1 store 0 2,1\n2 effect a 0 2,1\n9 end"]
    {
        let report = judge(script, script);
        assert!(matches!(report.findings[0].culprit, Culprit::Producer(_)), "{script}");
        assert_eq!(report.findings.len(), 1, "{script}");
    }
}

#[test]
fn not_done_is_not_lost_while_something_moves_or_nobody_owns_it() {
    let cases = [
        (
            "still progressing",
            "1 store 0 1-4
            beats a 10..20
            15 effect a 0 1-3
            20 end undrained",
        ),
        (
            "nobody owns it",
            "1 store 0 1-4
            beats a 10..20
            15 effect a 0 1-3
            18 release a 0
            20 end undrained",
        ),
        (
            "the newest messages have only just come",
            "
            beats a 10..20
            19 store 0 1-4
            20 end undrained",
        ),
        (
            "nobody ever owned it",
            "1 store 2 1-4
            2 store 0 1
            3 effect a 0 1
            beats a 10..20
            20 end undrained",
        ),
    ];
    for (name, script) in cases {
        let report = judge(name, script);
        let classes: Vec<_> = found(&report).into_keys().collect();
        assert_eq!(classes, [Class::Undrained], "{name}");
        assert_eq!((report.verdict, report.exit_code), (Verdict::Liveness, 3), "{name}");
    }
}

#[test]
fn what_was_passed_over_is_lost_even_if_the_drain_did_not_end() {
    let report = judge(
        "both",
        "1 store 0 1-4
        2 effect a 0 1,3
        8 end undrained",
    );
    let expected = [(Class::LostInDelivery, 1), (Class::Undrained, 1)];
    assert_eq!(found(&report), BTreeMap::from(expected));
    assert_eq!(report.verdict, Verdict::Correctness);
}

#[test]
fn what_may_be_trimmed_stops_before_what_is_not_done() {
    use coordinator::{Entry, Judge, OfPartition};
    let mut judge = Judge::new(script::settings(vec![]));
    let p = model::PartitionId(0);
    assert_eq!((judge.done_through(p), judge.ledger_through(p)), (None, None));
    let script =
        format!("{ONE} 1 store 0 1-4\n2 effect a 0 1-2\n3 effect a 0 4\n4 foreign 0\n9 end");
    let expected = [Some(2), Some(2), Some(2)];
    let mut seen = Vec::new();
    for (_, told) in &History::parse(&script).told {
        judge.take(told.clone());
        if let Entry::Ledger(OfPartition { pos, .. }) = told {
            assert_eq!(judge.ledger_through(p), Some(*pos));
            seen.push(judge.done_through(p).map(|pos| pos.0));
        }
    }
    assert_eq!(seen[1..], expected[1..], "nothing past the message that was passed over");
}
