//! The situations that a campaign must have been in can be reached: small runs in virtual time with
//! every kind of chaos, in quick succession. `PROBES_SEEDS=300` asks for every one of them; what a
//! few seeds reach is most.

use std::collections::BTreeMap;

use crate::common::{Place, run};

/// Much happens at once: faults shorter and longer than the lease, slow networks under a broker that
/// restarts, so that answers are lost.
const ROUGH: &str = "
simulation: {duration: 40s}
partitions: {count: 24, message_rate_per_partition: 6}
producers: {count: 2}
workers: {count: 8, processing_delay: 1-20ms, lease: 1s}
coordinator: {validation_window: 15s, report_interval: 5s, trim_after: 10}
nats: {jetstream: {storage: file}}
metrics: {prometheus: {enabled: false}}
chaos:
  enabled: true
  interval: 100ms-700ms
  restart_after: 2s
  events:
    - worker_restart
    - rolling_restart
    - producer_crash
    - slow_worker
    - {event: scale_up, weight: 3}
    - {event: scale_down, weight: 3}
    - {event: worker_crash, weight: 2}
    - {event: worker_crash, weight: 3, restart_after: 200ms}
    - {event: worker_pause, weight: 3, for: 200ms-3s}
    - {event: leader_failure, weight: 3}
    - {event: leader_pause, weight: 2}
    - {event: network_disconnect, weight: 5, target: any, for: 100ms-3s}
    - {event: network_disconnect, weight: 2, target: leader, half_open: true}
    - {event: network_delay, weight: 6, target: any, delay: 300ms, jitter: 300ms}
    - {event: network_delay, weight: 4, target: leader, delay: 200ms, jitter: 200ms}
    - {event: network_lossy, weight: 4, target: any, loss: 0.2}
    - {event: broker_restart, weight: 8, for: 100ms-1s}
";

/// How many seeds are tried, and whether they must reach everything.
fn seeds() -> (u64, bool) {
    match std::env::var("PROBES_SEEDS").ok().and_then(|text| text.parse().ok()) {
        Some(seeds) => (seeds, true),
        None => (4, false),
    }
}

/// How often a run was in each situation.
async fn probes(place: &Place, seed: u64) -> BTreeMap<String, u64> {
    let seed = seed.to_string();
    let args = ["--config", "rough.yaml", "--virtual", "--report", "run", "--seed", seed.as_str()];
    // The verdict is the business of other tests.
    let ended = run(place, "probes", &args).await;
    let report = place.report("run");
    let probes: BTreeMap<String, u64> =
        serde_json::from_value(report["virtual"]["probes"].clone()).unwrap();
    let reached = probes.values().filter(|hits| **hits > 0).count();
    let told = format!("Probes:           {reached} of {} reached", probes.len());
    assert!(ended.out.lines().any(|line| line == told), "{told:?} is not in {}", ended.out);
    std::fs::remove_dir_all(place.path("run")).unwrap();
    probes
}

#[tokio::test]
async fn rough_runs_reach_what_a_campaign_must_reach() {
    let place = Place::new("probes");
    place.file("rough.yaml", ROUGH);
    let (seeds, everything) = seeds();
    let mut hits: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 1..=seeds {
        for (name, count) in probes(&place, seed).await {
            *hits.entry(name).or_default() += count;
        }
    }
    println!("{hits:#?}");
    let missed: Vec<_> = hits.iter().filter(|(_, count)| **count == 0).collect();
    let may_be_missed = if everything { 0 } else { hits.len() / 5 };
    assert!(hits.len() > 50 && missed.len() <= may_be_missed, "never in {seeds} runs: {missed:?}");
}
