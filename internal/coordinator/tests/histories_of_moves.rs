//! Hand-written histories about plans and moves: those that were needed, and those that nobody needed.

mod script;

use std::collections::BTreeMap;

use coordinator::{Class, Culprit, Verdict};
use script::{History, found};

/// Ten seconds in which a and b share four partitions, then c comes.
const THREE: &str = "
    0.1 join a
    0.2 lead a
    0.3 join b
    0.4 plan 1 joined=a,b members=2 moved=4 needed=4
    0.5 grant a 1 0-1
    0.6 grant b 1 2-3
    0.7 claim a 0 1
    0.8 claim a 1 1
    0.9 claim b 2 1
    1.1 claim b 3 1
    1.2 store 0 1-9
    1.3 effect a 0 1-9
    beats a,b 1..20
    4.1 join c
    4.2 plan 2 joined=c members=3 moved=1 needed=1
    4.25 claim a 0 2
    4.3 grant b 2 2
    4.4 release b 3
    4.5 alive b 2
    4.6 grant c 3 3
    4.7 claim c 3 3
    beats c 5..20
    20 end
";

#[test]
fn plans_are_followed_until_they_are_carried_out() {
    let report = History::parse(THREE).judge_in_every_order();
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.text());
    let plans: Vec<_> = report
        .rebalances
        .iter()
        .map(|r| (r.epoch.0, r.cause.as_str(), r.moved, r.needed, r.voluntary))
        .collect();
    assert_eq!(plans, [(1, "joined a, b", 4, 4, 0), (2, "joined c", 1, 1, 1)]);
    let seconds: Vec<_> = report.rebalances.iter().map(|r| r.seconds.unwrap()).collect();
    assert!((seconds[0] - 0.7).abs() < 1e-6 && (seconds[1] - 0.5).abs() < 1e-6, "{seconds:?}");
}

/// Partitions 0 to 2 go from a and b to c as well.
const TOO_MANY: &str = "
    6.1 grant a 4
    6.11 grant b 4
    6.2 release a 0
    6.21 release a 1
    6.22 release b 2
    6.3 alive a 4
    6.31 alive b 4
    6.4 grant c 5 0-3
    6.5 claim c 0 5
    6.51 claim c 1 5
    6.52 claim c 2 5
";

#[test]
fn moves_that_nobody_needed_are_flagged() {
    let report = History::parse(&format!("{THREE}{TOO_MANY}")).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::from([(Class::NeedlessMove, 2)]));
    assert!(matches!(&report.findings[0].culprit, Culprit::Leader(a) if a.as_str() == "a"));
    let own_plan = format!("{THREE}{TOO_MANY} 6.05 plan 4 members=3 moved=3");
    let report = History::parse(&own_plan).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::from([(Class::NeedlessMove, 3)]), "no cause, no move");
}

#[test]
fn moves_that_were_needed_are_not_flagged() {
    for (name, cause) in [
        ("both left", "6 left a\n6.01 left b\n6.05 plan 4 left=a,b members=1 moved=3"),
        ("two more joined", "6.05 plan 4 joined=c,d,e,f members=4 moved=3"),
    ] {
        let mut script = format!("{THREE}{TOO_MANY}{cause}");
        if name == "both left" {
            // Who has left says nothing more.
            for line in ["6.3 alive a 4", "6.31 alive b 4", "6.1 grant a 4", "6.11 grant b 4"] {
                script = script.replace(line, "");
            }
            script = script.replace("beats a,b 1..20", "beats a,b 1..5");
            for (from, to) in [("6.2 r", "5.2 r"), ("6.21 r", "5.21 r"), ("6.22 r", "5.22 r")] {
                script = script.replace(from, to);
            }
        }
        let report = History::parse(&script).judge_in_every_order();
        assert_eq!(found(&report), BTreeMap::new(), "{name}: {}", report.text());
    }
}

#[test]
fn plans_that_overlap_share_what_is_needed() {
    // d joins before the partition that c is to get has moved: two moves, one for each.
    let script = THREE
        .replace(
            "20 end",
            "4.21 join d
        4.22 plan 3 joined=d members=4 moved=2 needed=2
        4.65 grant c 4 3
        4.7 release b 2
        4.71 alive b 3
        4.72 grant b 5
        4.73 alive b 5
        4.74 grant d 6 2
        4.75 claim d 2 6
        beats d 5..20
        20 end",
        )
        .replace("4.7 claim c 3 3", "4.7 claim c 3 4");
    let report = History::parse(&script).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::new(), "{}", report.text());
    let last = &report.rebalances[2];
    assert_eq!((last.moved, last.voluntary, last.needed), (2, 2, 2));
}

#[test]
fn what_killed_members_had_is_an_orphan() {
    let killed = format!("{THREE}{TOO_MANY}6 fault crash a\n6.01 fault crash b");
    let report = History::parse(&killed).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::new(), "{}", report.text());
    assert_eq!(report.rebalances[1].voluntary, 1);
}

#[test]
fn orphans_count_towards_the_share_of_joiners() {
    // a leaves and d comes: d has its share with the orphans alone, yet takes all that b had.
    let script = "
        0.1 join a
        0.2 lead a
        0.3 join b
        0.4 plan 1 joined=a,b members=2 moved=4 needed=4
        0.5 grant a 1 0-1
        0.6 grant b 1 2-3
        0.7 claim a 0 1
        0.8 claim a 1 1
        0.9 claim b 2 1
        1.1 claim b 3 1
        1.2 store 0 1-9
        1.3 effect a 0 1-9
        beats b 1..9
        2 release a 0
        2.1 release a 1
        2.2 left a
        2.3 join d
        2.4 plan 2 left=a joined=d members=2 moved=4 needed=2
        2.5 grant b 2
        2.6 release b 2
        2.7 release b 3
        2.8 alive b 2
        2.9 grant d 3 0-3
        3.1 claim d 0 3
        3.2 claim d 1 3
        3.3 claim d 2 3
        3.4 claim d 3 3
        beats d 3..9
        9 end
    ";
    let report = History::parse(script).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::from([(Class::NeedlessMove, 2)]), "{}", report.text());
}

#[test]
fn what_a_member_had_that_was_taken_for_dead_is_an_orphan_when_it_is_back() {
    // b restarts, is not heard of again, and is back before others claim what it had.
    let script = THREE.replace("beats a,b 1..20", "beats a 1..20\nbeats b 1..9")
        + "
        10 join b
        13 expire b
        13.1 plan 5 expired=b members=2 moved=1 needed=1
        13.2 grant a 5 0-2
        13.3 join b
        13.4 claim a 2 5
        14.5 plan 6 joined=b members=3
        beats b 14..20";
    let report = History::parse(&script).judge_in_every_order();
    assert_eq!(found(&report), BTreeMap::new(), "{}", report.text());
    let plan = &report.rebalances[2];
    assert_eq!((plan.moved, plan.needed, plan.voluntary), (1, 1, 0));
    // Had it only restarted, it would have kept it.
    let alive = script.replace("13 expire b", "").replace("expired=b", "");
    let report = History::parse(&alive).judge_in_every_order();
    assert_eq!(found(&report).into_keys().collect::<Vec<_>>(), [Class::TwoOwners]);
}
