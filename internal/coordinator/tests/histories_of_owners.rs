//! Hand-written histories about owners: two at once, none for too long, stale epochs; and near misses
//! that must not be flagged.

mod script;

use std::collections::BTreeMap;

use coordinator::{Class, Culprit, Report, Rule, Verdict};
use script::{History, found};

/// Two members; a leads and owns partition 0, b has nothing yet. Partition 0 has work all along.
const TWO: &str = "
    0.1 join a
    0.2 lead a
    0.3 join b
    0.4 grant a 1 0-3
    0.5 claim a 0 1
    1 store 0 1-9
    1.1 effect a 0 1
";

/// How a partition is handed over: taken back, released, acknowledged, granted, claimed.
const HANDOVER: &str = "
    3.1 grant a 2 1-3
    3.2 release a 0
    3.3 alive a 2
    3.4 grant b 3 0
    3.5 claim b 0 3
";

fn judge(name: &str, script: &str) -> Report {
    println!("history: {name}");
    let history = History::parse(&format!("{TWO}\n{script}"));
    history.judge_in_pieces();
    history.judge_in_every_order()
}

type Case = (&'static str, &'static str, &'static [(Class, u64)], &'static [Rule]);

const BAD: &[Case] = &[
    (
        "taken back and acknowledged, but not released",
        "beats a,b 1..9
        3.1 grant a 2 1-3
        3.3 alive a 2
        3.4 grant b 3 0
        3.5 claim b 0 3
        4 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "a sign of life of a member that was declared dead",
        "beats b 1..9
        1.2 effect a 0 2-9
        2 expire a
        2.5 alive a
        3 grant b 2 0-3
        3.1 claim b 0 2
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::OneLife],
    ),
    (
        "two processes of one name",
        "beats b 1..9
        2 join a
        2.5 alive a@1
        2.6 claim a 0 1
        3 effect a 0 2-9
        beats a 3..9
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::OneLife],
    ),
    (
        "a deposed leader writes",
        "beats a,b 1..9
        2 lead b
        2.1 grant a 2 0-3 term=2
        2.2 beat term=2
        2.3 plan 3 members=2 term=2
        3 effect a 0 2-9
        9 end",
        &[(Class::StaleEpoch, 3)],
        &[Rule::Term, Rule::Term, Rule::Term],
    ),
    (
        "a claim over the claim of a live member",
        "beats a,b 1..9
        2.1 grant a 2 1-3
        2.2 alive a 2
        2.3 grant b 3 0
        2.35 claim a 0 2
        2.4 claim b 0 3
        3 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "granted to a life that begins anew, and then to another",
        "beats b 1..9
        2.1 expire a
        2.2 join a
        beats a 3..9
        2.3 grant a@2 2 0
        2.4 grant b 3 0
        2.5 claim b 0 3
        3 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "a claim without any grant",
        "beats a,b 1..9
        2.4 claim b 0 3
        3 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "a claim over that of a member that was heard shortly before and after",
        "beats a,b 1..4
        beats b 5..9
        5.5 alive a
        4.5 claim b 0 3
        6 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "a pause of somebody else explains nothing",
        "beats a,b 1..9
        2 fault pause b for=5
        2.4 claim b 0 3
        3 effect b 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "an effect of the old owner is accepted",
        "beats a 1..2
        beats b 1..9
        5.1 expire a
        5.2 grant b 2 0-3
        5.3 claim b 0 2
        5.4 effect b 0 2-3
        6 effect a 0 4-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I2],
    ),
    (
        "an effect after a release",
        "beats a,b 1..9
        2 release a 0
        3 effect a 0 2-9
        4 claim a 0 2
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I2],
    ),
    (
        "granted though the old owner has not let go",
        "beats a,b 1..9
        2.1 grant a 2 0
        2.2 grant b 3 1-3
        3 effect a 0 2-9
        9 end",
        &[(Class::TwoOwners, 3)],
        &[Rule::I4],
    ),
    (
        "granted to two",
        "beats a,b 1..9
        2.2 grant b 2 1
        3 effect a 0 2-9
        9 end",
        &[(Class::TwoOwners, 1)],
        &[Rule::I4],
    ),
    (
        "a claim under a lower epoch",
        "beats a,b 1..9
        3.1 grant a 2 1-3
        3.2 release a 0
        3.3 alive a 2
        3.4 grant b 3 0
        3.5 claim b 0 3
        3.6 effect b 0 2-9
        4 release b 0
        4.2 claim a 0 2
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::I3],
    ),
    (
        "a claim under the same epoch in the same life",
        "beats a,b 1..9
        2 claim a 0 1
        3 effect a 0 2-9
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::I3],
    ),
    (
        "a lower epoch acknowledged",
        "beats b 1..9
        2 alive a 5
        3 alive a 4
        3.1 effect a 0 2-9
        beats a 4..9
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::I5],
    ),
    (
        "a claim under an epoch that is long over",
        "beats a,b 1..9
        2 claim a 1 4
        6 claim a 2 3
        6.1 effect a 0 2-9
        9 end",
        &[(Class::StaleEpoch, 1)],
        &[Rule::I5],
    ),
    (
        "a release that nobody follows",
        "beats a,b 1..9
        2 effect a 0 2-9
        2.2 release a 0
        8 claim a 0 2
        9 end",
        &[(Class::Unowned, 1)],
        &[Rule::I6],
    ),
    (
        "a killed owner that nobody follows",
        "beats a 1..2
        beats b 1..9
        1.5 effect a 0 2-9
        2.5 fault crash a
        8 claim b 0 2
        9 end",
        &[(Class::Unowned, 1)],
        &[Rule::I6],
    ),
    (
        "a silent owner that nobody follows to the end",
        "beats a 1..2
        beats b 1..12
        1.5 effect a 0 2-9
        12 end",
        &[(Class::Unowned, 1)],
        &[Rule::I6],
    ),
    (
        "nobody claims when the run begins",
        "beats a,b 1..80
        2 effect a 0 2-9
        1 claim a 1 1
        1 claim a 2 1
        70 claim a 3 1
        80 end",
        &[(Class::Unowned, 1)],
        &[Rule::I6],
    ),
    (
        "a member that returns, leaves its partition alone and is killed later",
        "beats a 1..3
        beats b 1..12
        0.36 lead b
        1.5 effect a 0 2-9
        5 join a
        7 fault crash a
        11 claim b 0 2
        12 end",
        &[(Class::Unowned, 1)],
        &[Rule::I6],
    ),
];

#[test]
fn bad_histories_are_flagged_with_exactly_their_class() {
    for (name, script, expected, rules) in BAD {
        let report = judge(name, script);
        assert_eq!(found(&report), BTreeMap::from_iter(expected.iter().copied()), "{name}");
        let broken: Vec<_> = report.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(broken, *rules, "{name}");
        let liveness = expected.iter().all(|(class, _)| class.is_liveness());
        let verdict = if liveness { Verdict::Liveness } else { Verdict::Correctness };
        assert_eq!(report.verdict, verdict, "{name}");
    }
}

/// Name, history, zombies.
const GOOD: &[(&str, &str, u64)] = &[
    (
        "a hand-over",
        "beats a,b 1..9
        4 effect b 0 2-9",
        0,
    ),
    (
        "a claim that was late, taken back without a release, but acknowledged",
        "beats a,b 1..9
        2 claim a 1 1
        3.1 grant a 2 0,2-3
        3.3 alive a 2
        3.4 grant b 3 1
        3.5 claim b 1 3
        4 effect a 0 2-9",
        0,
    ),
    (
        "a member that comes back within the lease",
        "beats a 1..2
        beats b 1..9
        4 join a 1
        4.1 claim a 0 1
        beats a 5..9
        4.2 effect a 0 2-9",
        0,
    ),
    (
        "a dead member is followed",
        "beats a 1..2
        beats b 1..9
        2.2 fault crash a
        5.1 expire a
        5.2 grant b 2 0-3
        5.3 claim b 0 2
        5.4 effect b 0 2-9",
        0,
    ),
    (
        "a paused member wakes up and is refused",
        "beats a 1..2
        beats b 1..9
        2.2 fault pause a for=6
        5.1 claim b 0 2
        5.4 effect b 0 2-9
        8.2 alive a
        8.3 worked a attempts=9 fenced=3",
        1,
    ),
    (
        "a member that is silent for a lease for no reason known",
        "beats a 1..2
        beats b 1..9
        5.1 claim b 0 2
        5.4 effect b 0 2-9
        8.2 alive a",
        1,
    ),
    (
        "an outage of the broker hides a sign of life",
        "beats a,b 1..2
        3 fault broker nats for=1
        3.5 claim b 0 2
        4.1 effect b 0 2-9
        beats a,b 4..9",
        1,
    ),
    (
        "a silent member is declared dead and joins again",
        "beats a 1..2
        beats b 1..9
        5.1 expire a
        5.2 grant b 2 0-3
        5.3 claim b 0 2
        5.4 effect b 0 2-9
        6 join a
        beats a 7..9",
        0,
    ),
    (
        "granted after the old owner was declared dead",
        "beats a 1..2
        beats b 1..9
        5.1 expire a
        5.2 grant b 2 0-3
        5.3 claim b 0 2
        5.4 effect b 0 2-9",
        0,
    ),
    (
        "what was granted to a life that had expired is not held by the next",
        "beats b 1..9
        2.1 expire a
        2.2 join a
        beats a 3..9
        2.3 grant a@1 2 0-2
        2.4 grant b 3 0-3
        2.5 claim b 0 3
        3 effect b 0 2-9",
        0,
    ),
    (
        "a killed member need not acknowledge anything",
        "beats a 1..2
        beats b 1..9
        2.2 fault crash a
        3.1 grant b 2 0-3
        3.2 claim b 0 2
        5.4 effect b 0 2-9",
        0,
    ),
    (
        "granted and granted back",
        "beats a,b 1..9
        2.1 grant a 2 0-2
        2.2 alive a 2
        2.3 grant b 3 3
        2.4 grant b 4
        2.5 alive b 4
        2.6 grant a 5 0-3
        3 effect a 0 2-9",
        0,
    ),
    (
        "a claim that was on its way when the next epoch came",
        "beats a,b 1..9
        2 claim a 1 4
        2.1 claim a 2 3
        3 effect a 0 2-9",
        0,
    ),
    (
        "a release that is followed in time",
        "beats a,b 1..9
        2 release a 0
        6.9 claim a 0 2
        7 effect a 0 2-9",
        0,
    ),
    (
        "an outage of the broker explains a long time without an owner",
        "beats a,b 1..9
        2 release a 0
        3 fault broker nats for=4
        8.9 claim a 0 2
        8.95 effect a 0 2-9",
        0,
    ),
    (
        "the next owner was killed before it could claim",
        "beats a,b 1..3
        3.1 grant a 2 1-3
        3.2 release a 0
        3.3 alive a 2
        3.4 grant b 3 0
        6 fault crash b
        beats a 4..20
        9 expire b
        9.1 grant a 4 0-3
        9.2 claim a 0 4
        9.3 effect a 0 2-9",
        0,
    ),
    (
        "a new leader had to be found first",
        "beats a,b 1..3
        2 release a 0
        6 lead b
        beats a,b 4..9
        8.9 claim b 0 2
        8.95 effect b 0 2-9",
        0,
    ),
    (
        "everybody leaves when all is done",
        "beats a,b 1..4
        2 effect a 0 2-9
        3 draining
        4 release a 0
        4.1 left a
        4.2 left b
        20 beat",
        0,
    ),
];

#[test]
fn near_misses_are_not_flagged() {
    for (name, script, zombies) in GOOD {
        let handover = if *name == "a hand-over" { HANDOVER } else { "" };
        let end = if script.contains("20") { 20 } else { 9 };
        let report = judge(name, &format!("{script}\n{handover}\n{end} end drained"));
        assert_eq!(found(&report), BTreeMap::new(), "{name}: {}", report.text());
        assert_eq!(report.verdict, Verdict::Pass, "{name}: {:?}", report.reasons);
        assert_eq!(report.totals.zombies, *zombies, "{name}");
    }
}

#[test]
fn two_owners_are_named_with_their_records() {
    let report = judge(
        "two owners",
        "beats a,b 1..9
        2.4 claim b 0 3
        3 effect b 0 2-9
        9 end",
    );
    let finding = &report.findings[0];
    assert!(matches!(&finding.culprit, Culprit::Member { member, .. } if member.as_str() == "b"));
    let ledger: Vec<_> = finding.evidence.iter().filter_map(|e| e.ledger).map(|s| s.0).collect();
    assert_eq!(ledger, [1, 3]);
    assert!(finding.detail.contains("for 0.600 s at least"), "{}", finding.detail);
}

#[test]
fn unowned_time_is_summed_and_named() {
    let report = judge(
        "gaps",
        "beats a,b 1..9
        2 release a 0
        4 claim a 0 2
        5 effect a 0 2-9
        9 end",
    );
    // 0.5 s until the first claim, 2 s between; three partitions that nobody ever claimed.
    assert!((report.totals.unowned_seconds - (0.5 + 2.0 + 3.0 * 9.0)).abs() < 1e-6);
    assert_eq!((report.totals.owned, report.totals.unowned), (1, 3));
}
