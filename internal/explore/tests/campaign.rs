//! A campaign: what its exit code stands on, and what it prints.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use config::{Config, Overrides};
use coordinator::{Anomalies, Verdict};
use explore::{Campaign, Fate, Faults, Frame, Outcome};
use probes::CATALOGUE;

fn frame() -> Frame {
    let text = "simulation: {duration: 10s}\n\
        chaos: {enabled: true, interval: 1s, events: [worker_crash, {event: scale_up, weight: 0}]}";
    Frame::new(Config::parse(text, "c.yaml", &Overrides::default()).unwrap()).unwrap()
}

/// A seed that came across everything.
fn outcome(seed: u64, fate: Fate) -> Outcome {
    let met = Campaign::new(&frame()).met.into_keys().map(|name| (name, 2)).collect();
    let faults = [("worker_crash".to_owned(), Faults { happened: 2, skipped: 1 })].into();
    let (messages, virtual_seconds) = (100, 1_800.0);
    Outcome { met, faults, messages, virtual_seconds, ..Outcome::unfinished(seed, fate) }
}

fn judged(verdict: Verdict) -> Fate {
    Fate::Judged(verdict)
}

fn code(fates: &[Fate]) -> u8 {
    let mut campaign = Campaign::new(&frame());
    for (seed, fate) in (0..).zip(fates) {
        campaign.take(&outcome(seed, fate.clone()));
    }
    campaign.exit_code()
}

#[test]
fn a_design_that_is_not_fenced_need_not_come_across_what_only_claims_bring_about() {
    let told = "workers: {consumption: durable-per-partition}\n\
        chaos: {enabled: true, interval: 1s, events: [worker_crash]}";
    let told = Config::parse(told, "c.yaml", &Overrides::default()).unwrap();
    let told = Campaign::new(&Frame::new(told).unwrap()).met;
    let fenced = Campaign::new(&frame()).met;
    for (name, by_told, by_fenced) in [
        ("worker_crash", true, true),
        ("leader_cut_off", true, true),
        ("zombie_effect_refused", false, true),
        ("join_in_rebalance", false, true),
        ("effects refused", false, true),
        ("messages delivered again", true, false),
        ("messages delivered late", true, false),
    ] {
        assert_eq!(told.contains_key(name), by_told, "{name}");
        assert_eq!(fenced.contains_key(name), by_fenced, "{name}");
    }
}

#[test]
fn the_worst_seed_gives_the_exit_code() {
    use Verdict::{Correctness, Environment, Inconclusive, Liveness, Pass};
    let why = || "because".to_owned();
    for (fates, expected) in [
        (vec![judged(Pass)], 0),
        (vec![judged(Pass), judged(Inconclusive)], 0),
        (vec![judged(Pass), judged(Liveness), judged(Pass)], 3),
        (vec![judged(Liveness), judged(Correctness), judged(Environment)], 1),
        (vec![judged(Environment), judged(Liveness)], 3),
        (vec![judged(Environment)], 5),
        (vec![Fate::Panicked(why())], 1),
        (vec![Fate::Hung(why())], 3),
        (vec![Fate::Stuck(why())], 3),
        (vec![Fate::Unjudged(why())], 5),
    ] {
        assert_eq!(code(&fates), expected, "{fates:?}");
    }
    assert_eq!(code(&[]), 4, "no seed at all says nothing");
}

#[test]
fn a_campaign_that_never_came_across_something_is_inconclusive() {
    for missing in Campaign::new(&frame()).met.keys() {
        let mut campaign = Campaign::new(&frame());
        let mut one = outcome(1, judged(Verdict::Pass));
        one.met.insert(missing.clone(), 0);
        campaign.take(&one);
        assert_eq!((campaign.exit_code(), campaign.missed()), (4, vec![missing.as_str()]));
        let text = campaign.text(1.0);
        assert!(text.contains("INCONCLUSIVE") && text.contains("← never"), "{text}");
        campaign.take(&outcome(2, judged(Verdict::Pass)));
        assert_eq!(campaign.exit_code(), 0, "another seed came across {missing}");
        campaign.take(&outcome(3, judged(Verdict::Liveness)));
        assert_eq!(campaign.exit_code(), 3);
    }
}

#[test]
fn a_campaign_wants_every_event_that_may_happen_and_every_probe() {
    let campaign = Campaign::new(&frame());
    let probes: BTreeSet<&str> = CATALOGUE.iter().map(|probe| probe.name()).collect();
    let wanted: BTreeSet<&str> = campaign.met.keys().map(String::as_str).collect();
    assert!(probes.len() > 50 && wanted.is_superset(&probes));
    let others: Vec<&str> = wanted.difference(&probes).copied().collect();
    assert_eq!(
        others,
        [
            "changes of leader",
            "effects refused",
            "messages processed again",
            "partitions moved",
            "partitions taken over",
            "publishes in doubt found stored",
            "worker_crash",
            "zombies",
        ]
    );
}

#[test]
fn what_seeds_say_is_added_up_and_printed() {
    let mut campaign = Campaign::new(&frame());
    campaign.take(&outcome(6, judged(Verdict::Pass)));
    let anomalies = Anomalies { duplicate: 7, unowned: 1, ..Anomalies::default() };
    let reasons = vec!["duplicate: 7".to_owned()];
    campaign.take(&Outcome { anomalies, reasons, ..outcome(7, judged(Verdict::Correctness)) });
    let text = campaign.text(4.0);
    for line in [
        "Seeds:            2 in 4.0 s, 0.5 a second",
        "Virtual Time:     1.0 h, 200 messages",
        "Verdicts:         correctness 1, pass 1",
        "Anomalies:        duplicate 1, unowned 1",
        "  worker_crash                              4, 2 skipped",
        "  zombies                                   4",
        "✗ seed 7: duplicate: 7",
        "❌ FAILED: 1 of 2 seeds",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} in\n{text}");
    }
}

#[test]
fn a_failure_is_alike_if_its_fate_and_one_class_are() {
    let with = |verdict, anomalies| Outcome { anomalies, ..outcome(1, judged(verdict)) };
    let duplicate = Anomalies { duplicate: 1, ..Anomalies::default() };
    let both = Anomalies { duplicate: 3, two_owners: 1, ..Anomalies::default() };
    let other = Anomalies { two_owners: 1, ..Anomalies::default() };
    let late = Anomalies { undrained: 1, ..Anomalies::default() };
    let (correctness, liveness) = (Verdict::Correctness, Verdict::Liveness);
    let wrong = with(correctness, duplicate);
    assert!(with(correctness, both).fails_like(&wrong));
    assert!(!with(correctness, other).fails_like(&wrong), "another class");
    assert!(!with(liveness, late).fails_like(&wrong), "another verdict");
    assert!(!with(Verdict::Pass, Anomalies::default()).fails_like(&wrong));
    let passed = with(Verdict::Pass, Anomalies::default());
    assert!(!passed.fails_like(&passed), "no failure at all");
    let panicked = |why: &str| outcome(1, Fate::Panicked(why.to_owned()));
    assert!(panicked("here").fails_like(&panicked("there")));
    assert!(!panicked("here").fails_like(&outcome(1, Fate::Hung("here".to_owned()))));
}
