//! Figures beside the totals: who owns how much, how long messages take, which faults happened.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod script;

use std::collections::BTreeMap;
use std::time::Duration;

use coordinator::{Detail, Figures, Judge, JudgeSettings, PartitionFigures, Share};
use model::Weights;
use parti::MemberId;
use script::History;

/// a has the heavy partition and 1, b has 2 and 3; c comes and owns nothing, d came and left.
const SHARED: &str = "
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
    1.2 store 0 1-4
    1.21 store 1 1-2
    1.3 effect a 0 1-3
    1.4 join c
    1.5 join d
    2 left d
    beats a,b 1..20
    beats c 2..20
    8.2 effect a 1 1
    9 fault crash producer-1 event=producer_crash
";

fn member(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

fn judged(script: &str) -> Judge {
    let weights: Weights = serde_json::from_str("[5, 1, 1, 1]").unwrap();
    let settings = JudgeSettings { weights: Some(weights), ..script::settings(vec![]) };
    let mut judge = Judge::new(settings);
    for (_, told) in History::parse(script).told {
        judge.take(told);
    }
    judge
}

#[test]
fn every_worker_that_lives_has_its_share() {
    let figures = judged(SHARED).figures(Detail::Workers);
    let share = |partitions, weight: u32| Share { partitions, load: f64::from(weight) / 8.0 };
    let expected = [("a", share(2, 6)), ("b", share(2, 2)), ("c", share(0, 0))];
    assert_eq!(figures.shares, expected.map(|(name, share)| (member(name), share)).into());
    assert_eq!(figures.partitions, [], "nobody asked for them");
    let killed = format!("{SHARED} 9.5 fault crash b\n");
    let figures = judged(&killed).figures(Detail::Workers);
    assert_eq!(figures.shares.keys().map(MemberId::as_str).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn messages_take_from_when_they_are_stored_until_their_first_effect() {
    let figures = judged(SHARED).figures(Detail::Run);
    let within = |millis| {
        let bound = Duration::from_millis(millis);
        figures.end_to_end.cumulative().find(|(at, _)| *at == bound).unwrap().1
    };
    // Three after 0.1 s, one after 6.99 s; one of each partition waits.
    assert_eq!([50, 100, 5_000, 10_000].map(within), [0, 3, 3, 4]);
    assert_eq!(figures.end_to_end.count(), 4);
    // The script's seconds are rounded to microseconds.
    let sum = Duration::from_millis(3 * 100 + 6_990);
    assert!(figures.end_to_end.sum().abs_diff(sum) < Duration::from_micros(10));
    let again = format!("{SHARED} 9.1 effect a 0 1-3\n");
    let figures = judged(&again).figures(Detail::Run);
    assert_eq!(figures.end_to_end.count(), 4, "a second effect is a duplicate, not a duration");
}

#[test]
fn faults_are_counted_by_event_and_skipped_ones_are_not() {
    let more = format!(
        "{SHARED} 10 fault pause a for=1\n 11 fault pause b for=1\n 12 fault skip - event=scale_up\n"
    );
    let figures = judged(&more).figures(Detail::Run);
    let expected = [("producer_crash", 1), ("worker_pause", 2)];
    assert_eq!(figures.faults, expected.map(|(event, n)| (event.to_owned(), n)).into());
}

#[test]
fn partitions_say_what_waits_and_who_owns_them() {
    let figures = judged(SHARED).figures(Detail::Partitions);
    let of = |in_flight, owner: &str| PartitionFigures { in_flight, owner: Some(member(owner)) };
    assert_eq!(figures.partitions, [of(1, "a"), of(1, "a"), of(0, "b"), of(0, "b")]);
}

#[test]
fn what_was_not_asked_for_is_not_worked_out() {
    let Figures { shares, partitions, .. } = judged(SHARED).figures(Detail::Run);
    assert_eq!((shares, partitions), (BTreeMap::new(), vec![]));
    assert_eq!(judged("").figures(Detail::Workers).shares, BTreeMap::new());
}
