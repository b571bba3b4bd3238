//! Series that come and go: the verdict so far, who leads, who owns how much, which faults happened,
//! how long things take. Their number is bounded, and what is gone is shown no longer.

use std::time::Duration;

use config::ChaosEvent;
use coordinator::{Figures, PartitionFigures, Share, Totals, Verdict};
use metrics::{Lag, Metrics};
use model::Durations;
use parti::MemberId;

use crate::checker::Exposition;

/// Every series of `family`, with its value.
fn series(page: &Exposition, family: &str) -> Vec<(String, f64)> {
    let start = format!("{family}{{");
    let own = page.samples().filter(|(name, _)| name.starts_with(&start));
    own.map(|(name, value)| (name[start.len()..].trim_end_matches('}').to_owned(), value)).collect()
}

fn member(name: &str) -> MemberId {
    MemberId::new(name).expect("a name of a member")
}

fn shared(shares: &[(&str, u32, f64)]) -> Figures {
    let share = |(name, partitions, load): &(&str, u32, f64)| {
        (member(name), Share { partitions: *partitions, load: *load })
    };
    Figures { shares: shares.iter().map(share).collect(), ..Figures::default() }
}

fn durations(millis: &[u64]) -> Durations {
    let mut durations = Durations::default();
    millis.iter().for_each(|millis| durations.add(Duration::from_millis(*millis)));
    durations
}

#[test]
fn one_verdict_holds_at_a_time() {
    let metrics = Metrics::new().unwrap();
    let holds = |verdict: &str| {
        let all = series(&crate::read(&metrics), "simulation_verdict");
        assert_eq!(all.len(), 6);
        let ones: Vec<_> = all.iter().filter(|(_, value)| *value != 0.0).collect();
        assert_eq!(ones, [&(format!("verdict=\"{verdict}\""), 1.0)]);
    };
    holds("running");
    let mut totals = Totals::default();
    totals.anomalies.unowned = 1;
    metrics.update(&totals);
    holds("liveness");
    totals.anomalies.lost_in_delivery = 1;
    metrics.update(&totals);
    holds("correctness");
    for verdict in [Verdict::Pass, Verdict::Inconclusive, Verdict::Environment] {
        metrics.set_verdict(verdict);
        metrics.update(&totals);
        holds(&verdict.to_string());
    }
}

#[test]
fn whoever_leads_is_shown_alone() {
    let metrics = Metrics::new().unwrap();
    let leads = |leader: Option<&str>| {
        metrics.update(&Totals { leader: leader.map(member), ..Totals::default() });
        series(&crate::read(&metrics), "simulation_leader_info")
    };
    assert_eq!(leads(Some("worker-1")), [("member=\"worker-1\"".to_owned(), 1.0)]);
    assert_eq!(leads(Some("worker-2")), [("member=\"worker-2\"".to_owned(), 1.0)]);
    assert_eq!(leads(None), []);
}

#[test]
fn a_worker_that_is_gone_is_shown_no_longer() {
    let metrics = Metrics::new().unwrap();
    metrics.observe_figures(&shared(&[("a", 3, 0.25), ("b", 9, 0.75)]));
    metrics.observe_figures(&shared(&[("b", 4, 0.5), ("c", 8, 0.0)]));
    let page = crate::read(&metrics);
    let partitions = [("worker=\"b\"".to_owned(), 4.0), ("worker=\"c\"".to_owned(), 8.0)];
    assert_eq!(series(&page, "simulation_worker_partitions"), partitions);
    let load = [("worker=\"b\"".to_owned(), 0.5), ("worker=\"c\"".to_owned(), 0.0)];
    assert_eq!(series(&page, "simulation_worker_load"), load);
}

#[test]
fn there_are_never_more_series_than_the_bound() {
    let metrics = Metrics::new().unwrap();
    for round in 0..3 {
        let names: Vec<_> = (0..1_500).map(|n| format!("worker-{round}-{n}")).collect();
        let shares: Vec<_> = names.iter().map(|name| (name.as_str(), 1, 0.0)).collect();
        metrics.observe_figures(&shared(&shares));
    }
    let page = crate::read(&metrics);
    assert_eq!(series(&page, "simulation_worker_partitions").len(), 1_000);
    assert_eq!(series(&page, "simulation_worker_load").len(), 1_000);
}

#[test]
fn every_event_counts_from_nothing_and_an_unknown_one_as_other() {
    let metrics = Metrics::new().unwrap();
    let before = series(&crate::read(&metrics), "simulation_faults_total");
    assert_eq!(before.len(), ChaosEvent::ALL.len());
    assert!(before.iter().all(|(_, value)| *value == 0.0), "{before:?}");
    let faults = [("worker_crash", 3), ("slow_worker", 1), ("meteor", 2), ("flood", 1)];
    let faults = faults.map(|(event, count)| (event.to_owned(), count)).into();
    metrics.observe_figures(&Figures { faults, ..Figures::default() });
    let page = crate::read(&metrics);
    for (event, count) in
        [("worker_crash", 3.0), ("slow_worker", 1.0), ("scale_up", 0.0), ("other", 3.0)]
    {
        let name = format!("simulation_faults_total{{event=\"{event}\"}}");
        assert_eq!(page.value(&name), Some(count), "{name}");
    }
}

#[test]
fn durations_are_shown_by_size_and_never_become_fewer() {
    let metrics = Metrics::new().unwrap();
    let full = Figures {
        end_to_end: durations(&[4, 40, 400_000]),
        processing: durations(&[4, 4]),
        publishing: durations(&[2]),
        shed: 7,
        ..Figures::default()
    };
    metrics.observe_figures(&full);
    metrics.observe_figures(&Figures { end_to_end: durations(&[1]), ..Figures::default() });
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_end_to_end_seconds_bucket{le=\"0.0025\"}", 0.0),
        ("simulation_end_to_end_seconds_bucket{le=\"0.005\"}", 1.0),
        ("simulation_end_to_end_seconds_bucket{le=\"300\"}", 2.0),
        ("simulation_end_to_end_seconds_bucket{le=\"+Inf\"}", 3.0),
        ("simulation_end_to_end_seconds_sum", 400.044),
        ("simulation_processing_seconds_count", 2.0),
        ("simulation_publish_seconds_count", 1.0),
        ("simulation_messages_shed_total", 7.0),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
}

#[test]
fn how_far_the_judge_is_behind_is_shown_once_it_is_known() {
    let metrics = Metrics::new().unwrap();
    assert_eq!(crate::read(&metrics).value("simulation_ledger_lag_seconds"), None);
    metrics.observe_lag(&Lag { seconds: 1.5, messages: 12, ledger: 3 });
    let page = crate::read(&metrics);
    assert_eq!(page.value("simulation_ledger_lag_seconds"), Some(1.5));
    let records = [("stream=\"ledger\"".to_owned(), 3.0), ("stream=\"messages\"".to_owned(), 12.0)];
    assert_eq!(series(&page, "simulation_ledger_lag_records"), records);
}

#[test]
fn partitions_are_shown_one_by_one_where_that_was_asked_for() {
    let metrics = Metrics::new().unwrap();
    let of =
        |in_flight, owner: Option<&str>| PartitionFigures { in_flight, owner: owner.map(member) };
    let show = |partitions| metrics.observe_figures(&Figures { partitions, ..Figures::default() });
    show(vec![of(4, Some("a")), of(5, None)]);
    show(vec![of(6, Some("b")), of(0, None)]);
    let page = crate::read(&metrics);
    let in_flight = [("partition=\"0\"".to_owned(), 6.0), ("partition=\"1\"".to_owned(), 0.0)];
    assert_eq!(series(&page, "simulation_partition_in_flight"), in_flight);
    let owner = [("partition=\"0\",worker=\"b\"".to_owned(), 1.0)];
    assert_eq!(series(&page, "simulation_partition_owner_info"), owner);
    show(vec![]);
    assert_eq!(series(&crate::read(&metrics), "simulation_partition_in_flight"), []);
}
