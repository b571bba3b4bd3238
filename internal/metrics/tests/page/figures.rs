//! Every family is there from the start, shows its own figure and has bounded labels.

use std::collections::BTreeSet;

use crate::checker::Exposition;
use coordinator::{CheckpointFigures, Class, Totals, WorkerStates};
use metrics::Metrics;
use parti::records::{Epoch, Term};

const FAMILIES: &[(&str, &str)] = &[
    ("simulation_anomalies_total", "counter"),
    ("simulation_assignment_epoch", "gauge"),
    ("simulation_checkpoint_failures_total", "counter"),
    ("simulation_checkpoint_total", "counter"),
    ("simulation_claims_total", "counter"),
    ("simulation_effects_fenced_total", "counter"),
    ("simulation_effects_total", "counter"),
    ("simulation_end_to_end_seconds", "histogram"),
    ("simulation_faults_skipped_total", "counter"),
    ("simulation_faults_total", "counter"),
    ("simulation_foreign_records_total", "counter"),
    ("simulation_handler_attempts_total", "counter"),
    ("simulation_handler_failures_total", "counter"),
    ("simulation_leader_term", "gauge"),
    ("simulation_messages_acked_total", "counter"),
    ("simulation_messages_in_doubt", "gauge"),
    ("simulation_messages_in_flight", "gauge"),
    ("simulation_messages_passed_over", "gauge"),
    ("simulation_messages_received_total", "counter"),
    ("simulation_messages_recovered_total", "counter"),
    ("simulation_messages_sent_total", "counter"),
    ("simulation_messages_shed_total", "counter"),
    ("simulation_messages_stored_total", "counter"),
    ("simulation_partitions", "gauge"),
    ("simulation_partitions_owned", "gauge"),
    ("simulation_partitions_unowned", "gauge"),
    ("simulation_processing_seconds", "histogram"),
    ("simulation_publish_rejected_total", "counter"),
    ("simulation_publish_retries_total", "counter"),
    ("simulation_publish_seconds", "histogram"),
    ("simulation_rebalance_duration_seconds", "histogram"),
    ("simulation_rebalance_partitions_moved", "histogram"),
    ("simulation_rebalances_total", "counter"),
    ("simulation_tokio_tasks", "gauge"),
    ("simulation_unowned_partition_seconds_total", "counter"),
    ("simulation_verdict", "gauge"),
    ("simulation_workers", "gauge"),
    ("simulation_zombies_total", "counter"),
];

/// Different figures everywhere, so that no two can be mixed up.
fn totals() -> Totals {
    let mut totals = Totals {
        partitions: 100,
        sent: 1_001,
        acked: 1_002,
        stored: 1_003,
        received: 1_004,
        effects: 1_005,
        in_doubt: 1_006,
        attempts: 1_007,
        failures: 1_008,
        fenced: 1_009,
        recovered: 1_010,
        retries: 1_011,
        rejected: 1_012,
        foreign: 1_013,
        in_flight: 1_014,
        passed_over: 1_015,
        zombies: 1_016,
        workers: WorkerStates { live: 11, left: 12, expired: 13, crashed: 14 },
        term: Term(1_017),
        epoch: Epoch(1_018),
        owned: 97,
        unowned: 3,
        unowned_seconds: 4.5,
        claims: 1_019,
        rebalances: 1_020,
        faults_skipped: 1_021,
        ..Totals::default()
    };
    totals.anomalies.duplicate = 21;
    totals.anomalies.undrained = 22;
    totals
}

#[test]
fn every_family_is_there_from_the_start() {
    let page = crate::read(&Metrics::new().unwrap());
    let found: Vec<_> = page.families().collect();
    assert_eq!(found, FAMILIES);
    let running = "simulation_verdict{verdict=\"running\"}";
    assert!(
        page.samples().all(|(name, value)| value == f64::from(u8::from(name == running))),
        "{page:?}"
    );
}

#[test]
fn each_family_shows_its_own_figure() {
    let metrics = Metrics::new().unwrap();
    metrics.update(&totals());
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_messages_sent_total", 1_001.0),
        ("simulation_messages_acked_total", 1_002.0),
        ("simulation_messages_stored_total", 1_003.0),
        ("simulation_messages_received_total", 1_004.0),
        ("simulation_effects_total", 1_005.0),
        ("simulation_messages_in_doubt", 1_006.0),
        ("simulation_handler_attempts_total", 1_007.0),
        ("simulation_handler_failures_total", 1_008.0),
        ("simulation_effects_fenced_total", 1_009.0),
        ("simulation_messages_recovered_total", 1_010.0),
        ("simulation_publish_retries_total", 1_011.0),
        ("simulation_publish_rejected_total", 1_012.0),
        ("simulation_foreign_records_total", 1_013.0),
        ("simulation_messages_in_flight", 1_014.0),
        ("simulation_messages_passed_over", 1_015.0),
        ("simulation_zombies_total", 1_016.0),
        ("simulation_leader_term", 1_017.0),
        ("simulation_assignment_epoch", 1_018.0),
        ("simulation_claims_total", 1_019.0),
        ("simulation_rebalances_total", 1_020.0),
        ("simulation_faults_skipped_total", 1_021.0),
        ("simulation_partitions", 100.0),
        ("simulation_partitions_owned", 97.0),
        ("simulation_partitions_unowned", 3.0),
        ("simulation_unowned_partition_seconds_total", 4.5),
        ("simulation_workers{state=\"live\"}", 11.0),
        ("simulation_workers{state=\"left\"}", 12.0),
        ("simulation_workers{state=\"expired\"}", 13.0),
        ("simulation_workers{state=\"crashed\"}", 14.0),
        ("simulation_anomalies_total{class=\"duplicate\"}", 21.0),
        ("simulation_anomalies_total{class=\"undrained\"}", 22.0),
        ("simulation_anomalies_total{class=\"unowned\"}", 0.0),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
}

#[test]
fn checkpoints_show_what_they_cost_once_there_is_one() {
    let metrics = Metrics::new().unwrap();
    let gauges = ["bytes", "seconds", "pause_seconds", "age_seconds"];
    let gauges = gauges.map(|name| format!("simulation_checkpoint_{name}"));
    metrics.observe_checkpoints(&CheckpointFigures { failed: 3, ..Default::default() });
    let page = crate::read(&metrics);
    assert_eq!(page.value("simulation_checkpoint_failures_total"), Some(3.0));
    assert!(gauges.iter().all(|name| page.value(name).is_none()), "{page:?}");
    let age_seconds = Some(2.5);
    metrics.observe_checkpoints(&CheckpointFigures {
        written: 2,
        failed: 4,
        bytes: 700_000,
        seconds: 0.02,
        pause_seconds: 0.001,
        age_seconds,
    });
    let page = crate::read(&metrics);
    assert_eq!(page.value("simulation_checkpoint_total"), Some(2.0));
    assert_eq!(page.value("simulation_checkpoint_failures_total"), Some(4.0));
    let values = gauges.map(|name| page.value(&name).unwrap());
    assert_eq!(values, [700_000.0, 0.02, 0.001, 2.5]);
}

#[test]
fn labels_are_bounded_and_named_as_in_the_report() {
    let metrics = Metrics::new().unwrap();
    let before = crate::read(&metrics);
    metrics.update(&Totals { partitions: 100_000, owned: 100_000, ..totals() });
    metrics.observe_rebalance(1.0, 5);
    let after = crate::read(&metrics);
    let names = |page: &Exposition| page.samples().map(|(name, _)| name.into()).collect();
    let (before, after): (BTreeSet<String>, BTreeSet<String>) = (names(&before), names(&after));
    assert_eq!(before, after, "a run adds no series");
    for class in Class::ALL {
        let key = serde_json::to_value(class).unwrap();
        let series = format!("simulation_anomalies_total{{class={key}}}");
        assert!(after.contains(&series), "{series}");
    }
    let classes = after.iter().filter(|name| name.starts_with("simulation_anomalies_total"));
    assert_eq!(classes.count(), Class::ALL.len());
}
