//! What followed a fault: whose plan, whose time without an owner, whose zombie it was, and how soon
//! everything was stable again. Every history is judged with the streams read at different speeds.

#![allow(clippy::unwrap_used, reason = "a history that does not parse is a broken test")]

mod script;

use std::collections::BTreeMap;

use coordinator::{Class, Entry, FaultKind, Impact, Judge, Report, Rule, RunInfo, Verdict};
use model::Timestamp;
use script::{History, found};

/// Members a (which leads), b and c; a owns 0 and 1, b owns 2, c owns 3.
const THREE: &str = "
    0.1 join a
    0.2 lead a
    0.3 join b
    0.31 join c
    0.4 plan 1 joined=a,b,c members=3 moved=4 needed=4
    0.5 grant a 1 0-1
    0.51 grant b 1 2
    0.52 grant c 1 3
    0.6 claim a 0 1
    0.61 claim a 1 1
    0.62 claim b 2 1
    0.63 claim c 3 1
    1 store 0 1-9
    1.1 effect a 0 1-9
    beats a 1..40
";

/// b is silent after second 9 and is taken over from.
const B_EXPIRES: &str = "
    beats b 1..9
    13 expire b
    13.1 plan 2 expired=b members=2 moved=1 needed=1
    13.2 grant b 2
    13.21 grant a 2 0-2
    13.5 claim a 2 2
";

/// b comes back and gets what it had.
const B_RETURNS: &str = "
    20 join b 2
    20.1 plan 3 joined=b members=3 moved=1 needed=1
    20.2 grant a 3 0-1
    20.3 release a 2
    20.4 alive a 3
    20.5 grant b 4 2
    20.6 claim b 2 4
    beats b 21..40
";

fn judge(script: &str) -> Report {
    History::parse(&format!("{THREE}\n{script}\n40 end")).judge_in_every_order()
}

fn passes(script: &str) -> Report {
    let report = judge(script);
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.text());
    report
}

fn impact(report: &Report, id: u64) -> &Impact {
    &report.faults.iter().find(|entry| entry.fault.id == id).unwrap().impact
}

#[track_caller]
fn same(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
}

fn epochs(impact: &Impact) -> Vec<u64> {
    impact.rebalances.iter().map(|epoch| epoch.0).collect()
}

/// Kind, target, partitions and microseconds of each recovery.
fn recoveries(report: &Report) -> Vec<(FaultKind, &str, u32, u64)> {
    let micros = |seconds: f64| (seconds * 1e6).round() as u64;
    let all = report.recoveries.iter();
    all.map(|r| (r.kind, r.target.as_str(), r.partitions, micros(r.seconds))).collect()
}

#[test]
fn a_kill_is_followed_to_the_last_claim_and_to_its_return() {
    let report = passes(&format!("beats c 1..40\n10 fault crash b\n{B_EXPIRES}{B_RETURNS}"));
    let of = impact(&report, 1);
    assert_eq!(epochs(of), [2, 3], "its return is its doing, too");
    assert_eq!((of.moved, of.needed, of.taken_over, of.fenced), (2, 2, 1, 0));
    same(of.unowned_seconds, 3.5 + 0.3);
    same(of.unowned_max_seconds, 3.5);
    same(of.doubly_processed_seconds, 0.0);
    same(of.stable_seconds.unwrap(), 3.5);
    assert!(of.shared_with.is_empty());
    assert_eq!(recoveries(&report), [(FaultKind::Crash, "b", 1, 3_500_000)]);
    assert_eq!(
        (report.recoveries[0].fault, report.recoveries[0].event.as_str()),
        (Some(1), "worker_crash")
    );
}

#[test]
fn a_zombie_is_followed_until_it_knows() {
    let pause = format!("beats c 1..40\n10 fault pause b for=10\n{B_EXPIRES}{B_RETURNS}");
    let report = passes(&format!(
        "{pause}\n21 worked b attempts=9 fenced=3\n22 worked b attempts=9 fenced=5"
    ));
    let of = impact(&report, 1);
    assert_eq!((epochs(of), of.moved, of.taken_over), (vec![2, 3], 2, 1));
    same(of.doubly_processed_seconds, 20.0 - 13.5);
    same(of.unowned_seconds, 3.5 + 0.3);
    assert_eq!(of.fenced, 5, "reports are cumulative");
    let late = passes(&format!("{pause}\n38 worked b attempts=9 fenced=4\n31 fault stop a"));
    assert_eq!(
        (impact(&late, 1).fenced, impact(&late, 2).fenced),
        (4, 0),
        "refused to b, not to a"
    );
    same(of.stable_seconds.unwrap(), 10.6);
    assert_eq!(recoveries(&report), [], "nobody was killed, nobody let go");
    let killed = passes(&format!("{pause}\n15 fault crash b"));
    same(impact(&killed, 1).doubly_processed_seconds, 1.5);
}

#[test]
fn a_zombie_that_never_comes_back_holds_on_to_the_end() {
    let report = passes(&format!("beats c 1..40\n10 fault pause b\n{B_EXPIRES}"));
    let of = impact(&report, 1);
    same(of.doubly_processed_seconds, 40.0 - 13.5);
    same(report.totals.overlap_seconds, 40.0 - 13.5);
    assert_eq!(of.stable_seconds, None, "it is not over");
    assert!(report.text().contains("never"), "{}", report.text());
}

#[test]
fn a_short_pause_disturbs_nothing() {
    let report = passes("beats b,c 1..40\n10 fault pause b for=1");
    assert_eq!(*impact(&report, 1), Impact { stable_seconds: Some(0.0), ..Impact::default() });
}

#[test]
fn faults_at_the_same_time_are_told_apart_by_their_targets() {
    // c leaves while b is dead.
    let report = passes(&format!(
        "beats c 1..10
        10 fault crash b
        11 fault stop c
        11.1 release c 3
        11.2 left c
        11.3 plan 20 left=c members=2 moved=1 needed=1
        11.4 grant a 20 0-1,3
        11.5 claim a 3 20
        {}",
        B_EXPIRES
            .replace("plan 2 ", "plan 22 ")
            .replace(" 2 0-2", " 22 0-3")
            .replace("a 2 2", "a 2 22")
    ));
    let (crash, stop) = (impact(&report, 1), impact(&report, 2));
    assert_eq!((epochs(crash), epochs(stop)), (vec![22], vec![20]));
    assert_eq!((crash.moved, stop.moved), (1, 1));
    same(crash.unowned_seconds, 3.5);
    same(stop.unowned_seconds, 0.4);
    assert_eq!((&crash.shared_with[..], &stop.shared_with[..]), (&[][..], &[][..]));
    // Both wait for the same last claim.
    same(crash.stable_seconds.unwrap(), 3.5);
    same(stop.stable_seconds.unwrap(), 2.5);
    let expected = [(FaultKind::Stop, "c", 1, 400_000), (FaultKind::Crash, "b", 1, 3_500_000)];
    assert_eq!(recoveries(&report), expected);
}

#[test]
fn what_is_about_several_faults_names_them_to_each_other() {
    let both = "
        beats b,c 1..9
        10 fault crash b
        10.5 fault crash c
        13 expire b
        13.01 expire c
        13.1 plan 2 expired=b,c members=1 moved=2 needed=2
        13.2 grant b 2
        13.21 grant c 2
        13.22 grant a 2 0-3
        13.5 claim a 2 2
        13.6 claim a 3 2
    ";
    let report = passes(both);
    for (id, other, unowned) in [(1, 2, 3.5), (2, 1, 3.1)] {
        let of = impact(&report, id);
        assert_eq!((epochs(of), of.moved, &of.shared_with[..]), (vec![2], 2, &[other][..]));
        same(of.unowned_seconds, unowned);
    }
}

#[test]
fn one_fault_may_hit_several() {
    let report = passes(
        "beats b,c 1..9
        10 fault crash b,c
        13 expire b
        13.01 expire c
        13.1 plan 2 expired=b,c members=1 moved=2 needed=2
        13.2 grant a 2 0-3
        13.5 claim a 2 2
        13.6 claim a 3 2",
    );
    let of = impact(&report, 1);
    assert_eq!((epochs(of), of.moved, of.taken_over), (vec![2], 2, 2));
    same(of.unowned_seconds, 3.5 + 3.6);
    same(of.doubly_processed_seconds, 0.0);
    let expected = [(FaultKind::Crash, "b", 1, 3_500_000), (FaultKind::Crash, "c", 1, 3_600_000)];
    assert_eq!(recoveries(&report), expected);
    // The next owner was killed together with others: that explains why nobody claims for so long.
    let second = passes(
        "beats b,c 1..10
        10 release c 3
        10.1 alive c 2
        10.05 grant c 2
        10.2 grant b 3 2-3
        14 fault crash c,b
        14.1 expire b
        14.15 expire c
        14.2 grant a 4 0-3
        18.5 claim a 2 4
        18.6 claim a 3 4",
    );
    assert_eq!(found(&second), BTreeMap::new());
}

#[test]
fn what_nobody_was_hit_for_is_counted_for_what_is_open() {
    // The server is away; afterwards the leader finds b silent.
    let outage = format!("beats c 1..40\n9.5 fault broker nats for=3\n{B_EXPIRES}{B_RETURNS}");
    let report = passes(&outage);
    let of = impact(&report, 1);
    assert_eq!((epochs(of), of.moved, of.taken_over), (vec![2], 1, 1), "the return came too late");
    same(of.unowned_seconds, 4.0);
    same(of.doubly_processed_seconds, 6.5);
    same(of.stable_seconds.unwrap(), 4.0);
    let long_over =
        passes(&outage.replace("9.5 fault broker nats for=3", "2 fault broker nats for=1"));
    assert_eq!(*impact(&long_over, 1), Impact { stable_seconds: Some(0.0), ..Impact::default() });
}

#[test]
fn a_fault_that_is_told_late_or_twice_changes_nothing() {
    let script = format!(
        "{THREE}beats c 1..40\n10 fault pause b\n{B_EXPIRES}{B_RETURNS}20 fault pause b ends=1\n\
         21 worked b attempts=9 fenced=3\n25 fault crash nobody\n40 end"
    );
    let history = History::parse(&script);
    let expected = history.judge();
    let mut late: Vec<_> = history.told.iter().collect();
    late.sort_by_key(|(at, told)| match told {
        Entry::Fault(_) | Entry::Worker(_) => Timestamp(at.0 + 9_000_000),
        _ => *at,
    });
    let mut judge = Judge::new(script::settings(vec![]));
    for (_, told) in late {
        judge.take(told.clone());
        if matches!(told, Entry::Fault(_) | Entry::Worker(_)) {
            judge.take(told.clone());
        }
    }
    let events = judge.drain_events();
    let told = events.iter().filter(|event| matches!(event, coordinator::Event::Fault(_)));
    assert_eq!(told.count(), 3, "a begin and an end, and a begin");
    let report = judge.finish(history.end.clone(), &RunInfo::default());
    assert_eq!(report.faults, expected.faults);
    assert_eq!(report.recoveries, expected.recoveries);
    assert_eq!(report.fault_summaries, expected.fault_summaries);
    same(impact(&report, 1).stable_seconds.unwrap(), 10.6);
}

/// b steps aside and comes back under its name.
const ASIDE: &str = "
    beats c 1..40
    beats b 1..9
    10 fault restart b
    10.2 release b 2
    10.25 alive b
    10.8 join b 1
    10.9 claim b 2 1
    11 fault restart b ends=1
    beats b 11..40
";

#[test]
fn a_restart_that_keeps_its_seat_moves_nothing() {
    let report = passes(ASIDE);
    let of = impact(&report, 1);
    assert_eq!((epochs(of), of.moved, of.needed, of.taken_over), (vec![], 0, 0, 0));
    same(of.unowned_seconds, 0.7);
    same(of.stable_seconds.unwrap(), 0.9);
    assert_eq!(recoveries(&report), [(FaultKind::Restart, "b", 1, 700_000)]);
    assert_eq!(report.totals.workers.live, 3);
    // A leader that writes a plan for it all the same: nothing moved, too.
    let planned = passes(&format!("{ASIDE}\n10.85 plan 2 joined=b members=3\n10.86 grant b 2 2"));
    assert_eq!((epochs(impact(&planned, 1)), impact(&planned, 1).moved), (vec![2], 0));
    assert_eq!(planned.rebalances[1].moved, 0);
}

#[test]
fn the_leader_steps_aside_and_another_follows() {
    let report = passes(&format!(
        "beats b,c 1..40\n{}",
        "10 fault restart a for=1
        10.2 release a 0
        10.21 release a 1
        10.22 vacate
        10.3 alive a
        10.4 lead b
        10.9 join a 1
        11 claim a 0 1
        11.1 claim a 1 1"
    ));
    let of = impact(&report, 1);
    assert_eq!((of.moved, of.rebalances.len()), (0, 0));
    same(of.unowned_seconds, 0.8 + 0.89);
    same(of.stable_seconds.unwrap(), 1.1);
    assert_eq!(recoveries(&report), [(FaultKind::Restart, "a", 2, 900_000)]);
}

#[test]
fn who_steps_aside_and_stays_away_is_followed() {
    let gone = ASIDE.split("10.8 join").next().unwrap();
    let late = B_EXPIRES.replace("beats b 1..9", "").replace("13", "14");
    let report = passes(&format!("{gone}{late}\n15 fault restart b ends=1"));
    let of = impact(&report, 1);
    assert_eq!((epochs(of), of.moved, of.taken_over), (vec![2], 1, 0), "it had let go");
    same(of.unowned_seconds, 4.3);
    assert_eq!(recoveries(&report), [], "it did not restart");
    let never = judge(gone);
    assert_eq!(found(&never), BTreeMap::from([(Class::Unowned, 1)]), "{}", never.text());
    assert_eq!(never.findings[0].faults, ["#1 worker_restart on b"]);
}

#[test]
fn who_stepped_aside_has_no_say_any_more() {
    let effect = "2 store 2 1-2\n11 effect b 2 1-2";
    for (name, more, class, rule) in [
        ("an effect after its release", "10.3 effect b@1 2 1", Class::TwoOwners, Rule::I2),
        ("a release again", "10.3 release b@1 2", Class::TwoOwners, Rule::I2),
        (
            "an effect after the claim of its next life",
            "10.95 effect b@1 2 1",
            Class::TwoOwners,
            Rule::I2,
        ),
        ("a claim after its release", "10.3 claim b@1 2 1", Class::StaleEpoch, Rule::I3),
    ] {
        let report = judge(&format!("{ASIDE}\n{}\n{more}", effect));
        let wrong: Vec<_> = report.findings.iter().map(|f| (f.class, f.rule)).collect();
        assert!(wrong.contains(&(class, rule)), "{name}: {}", report.text());
        assert_eq!(report.verdict, Verdict::Correctness, "{name}");
        assert_eq!(report.findings[0].faults, ["#1 worker_restart on b"], "{name}");
    }
    passes(&format!("{ASIDE}\n{effect}"));
}

#[test]
fn a_rolling_restart_is_open_until_its_end_is_told() {
    let aside = |second: u32, member: &str, partition: u32| {
        format!(
            "{second}.2 release {member} {partition}
            {second}.3 alive {member}
            {second}.7 join {member} 1
            {second}.8 claim {member} {partition} 1\n"
        )
    };
    let (b, c) = (aside(10, "b", 2), aside(14, "c", 3));
    let report = passes(&format!(
        "beats b,c 1..40
        10 fault restart workers event=rolling_restart
        {b}{c}26 store 2 1
        26.1 effect b 2 1
        31 fault restart workers ends=1"
    ));
    let of = impact(&report, 1);
    same(of.unowned_seconds, 1.2);
    same(of.stable_seconds.unwrap(), 4.8);
    let expected = [(FaultKind::Restart, "b", 1, 600_000), (FaultKind::Restart, "c", 1, 600_000)];
    assert_eq!(recoveries(&report), expected);
    assert!(report.recoveries.iter().all(|recovery| recovery.event == "rolling_restart"));
}

#[test]
fn what_is_long_over_explains_nothing() {
    let report = passes(&format!("beats c 1..40\n2 fault pause b for=1\n{B_EXPIRES}{B_RETURNS}"));
    assert_eq!(*impact(&report, 1), Impact { stable_seconds: Some(0.0), ..Impact::default() });
}

#[test]
fn nothing_is_stable_while_something_is_taken_back() {
    let report = passes(
        "beats b,c 1..40
        10 fault other d event=scale_up
        10.1 join d
        beats d 11..40
        10.2 plan 2 joined=d members=4 moved=1 needed=1
        10.3 grant a 2 0
        16 release a 1
        16.1 alive a 2
        16.2 grant d 3 1
        16.3 claim d 1 3",
    );
    same(impact(&report, 1).stable_seconds.unwrap(), 6.3);
}

#[test]
fn nothing_is_stable_until_the_next_life_has_claimed() {
    let report = passes(
        "beats c 1..40
        beats b 1..9
        10 fault crash b
        10.5 join b 1
        12 claim b 2 1
        beats b 11..40",
    );
    same(impact(&report, 1).stable_seconds.unwrap(), 2.0);
    assert_eq!(recoveries(&report), [(FaultKind::Crash, "b", 1, 2_000_000)]);
}

#[test]
fn leaves_and_restarts_are_recovered_from_without_chaos_too() {
    let leave = "
        beats b 1..40
        beats c 1..10
        11.1 release c 3
        11.2 left c
        11.3 plan 2 left=c members=2 moved=1 needed=1
        11.4 grant a 2 0-1,3
        11.5 claim a 3 2
    ";
    let report = passes(leave);
    assert_eq!(recoveries(&report), [(FaultKind::Stop, "c", 1, 400_000)]);
    assert_eq!((report.recoveries[0].fault, report.recoveries[0].event.as_str()), (None, "leave"));
    let text = report.text();
    assert!(
        text.contains("Leave To Owned:   1 times, p50 0.400 s, p99 0.400 s, max 0.400 s"),
        "{text}"
    );
    // Who left and joins again did not step aside.
    let again = passes(&format!("{leave}\n11.25 join c\nbeats c 12..40"));
    assert_eq!(recoveries(&again), [(FaultKind::Stop, "c", 1, 400_000)]);
    // At the end everybody leaves, and nobody follows.
    let end = passes(
        "beats b,c 1..30\n30 draining\n31 release c 3\n31.1 left c\n31.2 release b 2\n31.3 left b",
    );
    assert_eq!(recoveries(&end), []);
}

#[test]
fn the_end_of_the_run_disturbs_no_fault() {
    let report = passes(
        "beats b,c 1..30
        29 fault pause b for=1
        30.5 draining
        31 release c 3
        31.1 left c
        31.2 release b 2
        31.3 left b",
    );
    assert_eq!(*impact(&report, 1), Impact { stable_seconds: Some(0.0), ..Impact::default() });
}

#[test]
fn what_was_skipped_did_not_happen() {
    let skipped =
        "beats b,c 1..40\n10 fault skip - event=worker_crash\n9 require fault worker_crash";
    let report = judge(skipped);
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert_eq!(
        (report.totals.faults, report.totals.faults_skipped, report.faults.len()),
        (0, 1, 1)
    );
    assert_eq!(*impact(&report, 1), Impact::default());
    assert_eq!((report.fault_summaries[0].count, report.fault_summaries[0].skipped), (0, 1));
    assert!(report.text().contains("Faults:           0, 1 skipped\n"), "{}", report.text());
    let carried_out = format!("{skipped}\n12 fault crash nobody event=worker_crash");
    assert_eq!(judge(&carried_out).verdict, Verdict::Pass);
}

#[test]
fn a_pause_that_has_to_outlive_its_lease_must() {
    let required = "9 require takeover_by worker_pause\nbeats c 1..40";
    let short = judge(&format!("{required}\nbeats b 1..40\n10 fault pause b for=1"));
    assert_eq!(short.verdict, Verdict::Inconclusive);
    let reason = "never happened: a take-over from a member hit by worker_pause";
    assert_eq!(short.reasons, [reason]);
    passes(&format!("{required}\n10 fault pause b for=10\n{B_EXPIRES}{B_RETURNS}"));
    // A take-over from somebody else is not what was asked for.
    let other =
        format!("{required}\n10 fault crash b\n10.1 fault pause a for=1\n{B_EXPIRES}{B_RETURNS}");
    assert_eq!(judge(&other).verdict, Verdict::Inconclusive);
}

#[test]
fn findings_name_the_faults_behind_them() {
    let names = |script: &str, class| {
        let report = judge(&format!("beats b,c 1..40\n{script}"));
        let of_class = report.findings.iter().find(|finding| finding.class == class);
        of_class.unwrap_or_else(|| panic!("{class:?}: {}", report.text())).faults.clone()
    };
    // Seven seconds without an owner: the kill that began it was over long before they ended.
    let unowned = "10 fault crash b\n17 expire b\n17.1 grant a 2 0-2\n17.2 claim a 2 2";
    assert_eq!(names(unowned, Class::Unowned), ["#1 worker_crash on b"]);
    let two = "20 claim a 2 2";
    for (fault, expected) in [
        ("19 fault pause c for=2", vec!["#1 worker_pause on c"]),
        ("15 fault pause c for=3", vec!["#1 worker_pause on c"]),
        ("15 fault pause c for=1", vec![]),
        ("20.5 fault pause c for=1", vec![]),
        ("19 fault skip c", vec![]),
    ] {
        assert_eq!(names(&format!("{fault}\n{two}"), Class::TwoOwners), expected, "{fault}");
    }
    let lost = "2 store 2 1-3\n12 effect b 2 1,3\n11 fault crash c\n30 fault stop a";
    assert_eq!(names(lost, Class::LostInDelivery), ["#1 worker_crash on c"]);
    let tail =
        "2 fault pause b for=1\n8 store 2 1-3\n8.5 fault other c\n12 fault broker nats for=1";
    let expected = ["#3 worker_broker on nats", "#2 worker_other on c"];
    assert_eq!(names(tail, Class::LostInDelivery), expected, "any of them since it waits");
    let broker = "5 ack 2 1-3\n11 fault crash nobody\n20 fault broker nats for=1";
    assert_eq!(names(broker, Class::LostByBroker), ["#2 worker_broker on nats"]);
    let twice = "2 store 2 1-3\n3 effect b 2 1-3\n12 effect b 2 2\n11 fault broker nats for=5";
    assert_eq!(names(twice, Class::Duplicate), ["#1 worker_broker on nats"]);
}

#[test]
fn a_fault_that_is_told_after_its_finding_is_named_all_the_same() {
    let script = format!("{THREE}beats b,c 1..40\n19 fault pause c for=2\n20 claim a 2 2\n40 end");
    let history = History::parse(&script);
    let mut told: Vec<_> = history.told.iter().collect();
    told.sort_by_key(|(_, told)| matches!(told, Entry::Fault(_)));
    let mut judge = Judge::new(script::settings(vec![]));
    told.into_iter().for_each(|(_, told)| judge.take(told.clone()));
    let report = judge.finish(history.end.clone(), &RunInfo::default());
    assert_eq!(report.findings[0].faults, ["#1 worker_pause on c"]);
}

#[test]
fn the_table_of_faults() {
    let report = passes(&format!(
        "beats c 1..40\n10 fault crash b\n{B_EXPIRES}{B_RETURNS}\n30 fault skip - event=scale_up\n\
         31 fault other x event=scale_up"
    ));
    let text = report.text();
    let expected = "\
Crash To Owned:   1 times, p50 3.500 s, p99 3.500 s, max 3.500 s
Faults:           2, 1 skipped
                count  moved/needed  stable p50  stable max      unowned   fenced
  scale_up          1           0/0     0.000 s     0.000 s      0.000 s        0
  worker_crash      1           2/2     3.500 s     3.500 s      3.800 s        0
";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("Leave To Owned"), "there was none");
}

#[test]
fn faults_are_kept_within_a_bound_and_all_summed_up() {
    let mut judge = Judge::new(script::settings(vec![]));
    let fault = History::parse("1 fault crash b").told.remove(0).1;
    let Entry::Fault(coordinator::OfChaos { fault }) = fault else { panic!("not a fault") };
    for id in (1..=5_000).chain(1..=5_000) {
        let event = format!("event_{}", id % 3);
        judge.fault(coordinator::Fault { id, event, ..fault.clone() });
    }
    for id in 6_000..6_100 {
        judge.fault(coordinator::Fault { id, event: format!("strange_{id}"), ..fault.clone() });
    }
    judge.drain_events();
    assert!(judge.entries() < 10_000, "{}", judge.entries());
    let report = judge.finish(History::parse("9 end").end, &RunInfo::default());
    assert_eq!((report.totals.faults, report.faults_dropped), (5_100, 3_100));
    assert_eq!(report.faults.len(), 2_000);
    assert_eq!(report.faults[0].fault.id, 3_101, "the newest are kept");
    let count: u64 = report.fault_summaries.iter().map(|summary| summary.count).sum();
    assert_eq!(count, 5_100);
}
