//! What producers, workers and chaos controllers show in processes of their own.

use std::time::Duration;

use coordinator::{PartitionSent, ProducerReport, Range, Totals, WorkerReport};
use metrics::{ChaosFigures, Metrics, Role};
use model::{Durations, PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::Session;

fn one(millis: u64) -> Option<Durations> {
    let mut durations = Durations::default();
    durations.add(Duration::from_millis(millis));
    Some(durations)
}

#[test]
fn a_producer_shows_its_own() {
    let metrics = Metrics::of(Role::Producer).unwrap();
    let sent = |acked, in_doubt| PartitionSent { acked, in_doubt };
    let report = ProducerReport {
        producer: ProducerId("producer-0".into()),
        session: 1,
        at: Timestamp(1),
        partitions: [
            (PartitionId(0), sent(vec![Range(1, 10), Range(12, 12)], vec![Range(13, 14)])),
            (PartitionId(1), sent(vec![Range(1, 5)], vec![Range(6, 6)])),
        ]
        .into(),
        retries: 2,
        rejected: 3,
        recovered: 4,
        shed: 5,
        publishing: one(3),
        finished: false,
    };
    metrics.observe_producer(&report);
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_producer_messages_acked_total", 16.0),
        ("simulation_producer_retries_total", 2.0),
        ("simulation_producer_rejected_total", 3.0),
        ("simulation_producer_recovered_total", 4.0),
        ("simulation_producer_shed_total", 5.0),
        ("simulation_producer_in_doubt", 3.0),
        ("simulation_producer_partitions", 2.0),
        ("simulation_producer_publish_seconds_count", 1.0),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
}

#[test]
fn a_worker_shows_its_own() {
    let metrics = Metrics::of(Role::Worker).unwrap();
    let report = WorkerReport {
        member: MemberId::new("worker-0").unwrap(),
        session: Session(1),
        at: Timestamp(1),
        attempts: 11,
        failures: 12,
        fenced: 13,
        fenced_last: vec![],
        processing: Duration::ZERO,
        processing_max: Duration::ZERO,
        durations: one(7),
        finished: false,
    };
    metrics.observe_worker(&report, 14, true);
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_worker_attempts_total", 11.0),
        ("simulation_worker_failures_total", 12.0),
        ("simulation_worker_fenced_total", 13.0),
        ("simulation_worker_owned_partitions", 14.0),
        ("simulation_worker_leading", 1.0),
        ("simulation_worker_processing_seconds_count", 1.0),
        ("simulation_worker_processing_seconds_sum", 0.007),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
    metrics.observe_worker(&report, 0, false);
    assert_eq!(crate::read(&metrics).value("simulation_worker_leading"), Some(0.0));
}

#[test]
fn a_chaos_controller_shows_its_own() {
    let metrics = Metrics::of(Role::Chaos).unwrap();
    let done = [("scale_up".to_owned(), 2)].into();
    metrics.observe_chaos(&ChaosFigures { done, skipped: 3, open: 4, planned: 5 });
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_chaos_events_total{event=\"scale_up\"}", 2.0),
        ("simulation_chaos_events_total{event=\"worker_crash\"}", 0.0),
        ("simulation_chaos_skipped_total", 3.0),
        ("simulation_chaos_faults_open", 4.0),
        ("simulation_chaos_events_planned", 5.0),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
}

#[test]
fn nobody_shows_what_is_another_role_s() {
    for role in [Role::Producer, Role::Worker, Role::Chaos] {
        let metrics = Metrics::of(role).unwrap();
        metrics.update(&Totals { sent: 3, ..Totals::default() });
        metrics.observe_tasks(5);
        let page = crate::read(&metrics);
        assert_eq!(page.value("simulation_messages_sent_total"), None, "{role:?}");
        assert_eq!(page.value("simulation_tokio_tasks"), Some(5.0), "{role:?}");
    }
}
