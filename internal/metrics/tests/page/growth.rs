//! What only grows: counters, histograms and what processes have used.

use coordinator::Totals;
use metrics::{Metrics, Process, Usage};
use proptest::prelude::*;

#[test]
fn a_rebalance_is_counted_in_both_histograms() {
    let metrics = Metrics::new().unwrap();
    metrics.observe_rebalance(0.3, 0);
    metrics.observe_rebalance(7.0, 40);
    for wrong in [f64::NAN, f64::INFINITY, -1.0] {
        metrics.observe_rebalance(wrong, 3);
    }
    let page = crate::read(&metrics);
    for (name, value) in [
        ("simulation_rebalance_duration_seconds_bucket{le=\"0.25\"}", 0.0),
        ("simulation_rebalance_duration_seconds_bucket{le=\"0.5\"}", 1.0),
        ("simulation_rebalance_duration_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("simulation_rebalance_duration_seconds_count", 2.0),
        ("simulation_rebalance_duration_seconds_sum", 7.3),
        ("simulation_rebalance_partitions_moved_bucket{le=\"0\"}", 1.0),
        ("simulation_rebalance_partitions_moved_bucket{le=\"5\"}", 4.0),
        ("simulation_rebalance_partitions_moved_sum", 49.0),
    ] {
        assert_eq!(page.value(name), Some(value), "{name}");
    }
}

#[test]
fn processes_appear_when_something_is_known_of_them() {
    let metrics = Metrics::new().unwrap();
    let usage = |cpu_seconds, resident_bytes| Usage {
        cpu_seconds,
        resident_bytes,
        resident_peak_bytes: resident_bytes,
        open_files: 7,
    };
    metrics.observe_usage(Process::Own, &usage(1.5, 4_096));
    let page = crate::read(&metrics);
    assert_eq!(page.value("process_cpu_seconds_total"), Some(1.5));
    assert_eq!(page.value("process_resident_memory_bytes"), Some(4_096.0));
    assert_eq!(page.value("process_open_fds"), Some(7.0));
    assert_eq!(page.value("simulation_server_cpu_seconds_total"), None);

    // The server is restarted: what its lives used adds up.
    for (cpu_seconds, total) in [(2.0, 2.0), (3.0, 3.0), (0.5, 3.5), (1.0, 4.0), (1.0, 4.0)] {
        metrics.observe_usage(Process::Server, &usage(cpu_seconds, 8_192));
        let page = crate::read(&metrics);
        assert_eq!(page.value("simulation_server_cpu_seconds_total"), Some(total));
        assert_eq!(page.value("simulation_server_resident_memory_bytes"), Some(8_192.0));
    }
}

proptest! {
    #[test]
    fn counters_never_go_down(
        steps in proptest::collection::vec((any::<[u32; 6]>(), -1.0e6..1.0e6f64), 1..20)
    ) {
        let metrics = Metrics::new().unwrap();
        let mut before = crate::read(&metrics);
        for ([sent, stored, effects, faults, lost, rebalances], unowned_seconds) in steps {
            let mut totals = Totals {
                sent: sent.into(),
                stored: stored.into(),
                effects: effects.into(),
                faults_skipped: faults.into(),
                rebalances: rebalances.into(),
                unowned_seconds,
                ..Totals::default()
            };
            totals.anomalies.lost_in_delivery = lost.into();
            metrics.update(&totals);
            let after = crate::read(&metrics);
            for (series, value) in before.samples().filter(|(name, _)| name.contains("_total")) {
                prop_assert!(after.value(series) >= Some(value), "{series}");
            }
            before = after;
        }
    }
}

#[test]
fn a_page_shows_the_whole_of_an_update() {
    let metrics = Metrics::new().unwrap();
    let figures = [
        "simulation_messages_sent_total",
        "simulation_faults_skipped_total",
        "simulation_leader_term",
    ];
    std::thread::scope(|scope| {
        let updates = scope.spawn(|| {
            for n in 0..5_000 {
                let term = parti::records::Term(n);
                metrics.update(&Totals { sent: n, faults_skipped: n, term, ..Totals::default() });
            }
        });
        while !updates.is_finished() {
            let page = crate::read(&metrics);
            let [sent, skipped, term] = figures.map(|name| page.value(name));
            assert!(sent.is_some() && sent == skipped && skipped == term, "{page:?}");
        }
    });
}
