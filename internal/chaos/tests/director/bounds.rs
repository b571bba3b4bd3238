//! What must never happen, whatever is planned: too few workers, too many, two faults on one node,
//! anything but mending while the server is away, anything left broken.

use std::collections::BTreeSet;
use std::time::Duration;

use config::ChaosEvent;
use reports::FaultKind;

use crate::support::{World, config, near, script, seconds};

/// Every event, without pause between them, for five minutes.
fn storm() -> config::Config {
    let all = ChaosEvent::ALL.map(|event| format!("{{event: {event}, weight: 1}}")).join(", ");
    config(&format!(
        "simulation: {{duration: 5m}}
producers: {{count: 2}}
workers: {{count: 6, lease: 2s}}
chaos: {{enabled: true, interval: 300ms-1500ms, restart_after: 5s, events: [{all}]}}
"
    ))
}

#[tokio::test(start_paused = true)]
async fn no_storm_breaks_the_bounds_or_leaves_anything_broken() {
    let mut happened = BTreeSet::new();
    for seed in 0..30 {
        let mut world = World::with(&storm(), seed, (3, 9), |_| {}).await;
        // Puppets refuse two faults on one node, and to start or stop without the server.
        let faults = world.play(300.0).await;
        let stage = world.fleet.stage();
        assert!(stage.heard_min >= 3, "seed {seed}: {}", stage.heard_min);
        assert!(stage.workers_most <= 9, "seed {seed}: {}", stage.workers_most);
        assert!(stage.is_whole(), "seed {seed}");
        assert!(stage.alive.len() > 3 + 2, "workers, producers, server: {:?}", stage.alive);
        for producer in 0..2 {
            assert!(stage.alive.contains(&crate::support::producer(producer)));
        }
        let carried_out = faults.iter().filter(|fault| !fault.effect.starts_with("skipped"));
        happened.extend(carried_out.map(|fault| fault.event.clone()));
        for (index, fault) in faults.iter().enumerate() {
            assert_eq!(fault.id, index as u64 + 1, "numbers have no gaps");
            assert!(fault.ended_at.is_some(), "seed {seed}: {fault:?}");
        }
    }
    assert_eq!(happened.len(), ChaosEvent::ALL.len(), "{happened:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_does_the_same() {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut world = World::new(&storm(), 7).await;
        world.play(100.0).await;
        calls.push(world.fleet.stage().calls.clone());
    }
    assert_eq!(calls[0], calls[1]);
}

/// What is told of events that could not happen.
async fn skipped(lines: &str, bounds: (usize, usize)) -> Vec<String> {
    let mut world = World::with(&script(lines), 1, bounds, |_| {}).await;
    let faults = world.play(100.0).await;
    let skipped = faults.into_iter().filter(|fault| fault.effect.starts_with("skipped: "));
    skipped
        .map(|fault| {
            assert_eq!((fault.target.as_str(), fault.kind), ("-", FaultKind::Other));
            assert_eq!((fault.ended_at, fault.duration), (Some(fault.at), None));
            fault.effect.replace("skipped: ", "")
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_would_leave_too_few_workers_is_skipped() {
    let few = ["fewer than 6 workers would be left that can be heard"];
    for event in [
        "worker_crash",
        "worker_restart",
        "worker_pause",
        "scale_down",
        "leader_failure",
        "leader_pause",
        "network_disconnect",
        "network_delay",
        "network_lossy",
    ] {
        assert_eq!(skipped(&format!("{{at: 1s, event: {event}}}"), (6, 9)).await, few, "{event}");
        assert!(
            skipped(&format!("{{at: 1s, event: {event}}}"), (5, 9)).await.is_empty(),
            "{event}"
        );
    }
    // These take nobody away.
    for event in ["slow_worker", "producer_crash", "network_disconnect, target: producer"] {
        let line = format!("{{at: 1s, event: {event}}}");
        assert!(skipped(&line, (6, 9)).await.is_empty(), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_heard_counts_as_away() {
    for first in [
        "event: worker_pause, for: 20s",
        "event: network_disconnect, for: 20s",
        "event: worker_crash, restart_after: 20s",
    ] {
        let lines = format!("{{at: 1s, {first}}}, {{at: 5s, event: scale_down, count: 9}}");
        let mut world = World::with(&script(&lines), 1, (4, 9), |_| {}).await;
        world.sleep(10.0).await;
        let left: Vec<_> = world.faults().into_iter().filter(|f| f.event == "scale_down").collect();
        assert_eq!(left.len(), 1, "six, one away, four must stay: {left:?}");
        world.drain().await;
        assert_eq!(world.fleet.stage().heard_min, 4);
    }
}

/// Else nothing could be broken after a change of scale until the next one.
#[tokio::test(start_paused = true)]
async fn a_change_of_scale_leaves_some_to_be_broken() {
    let lines = "{at: 1s, event: scale_down, count: 9}, {at: 2s, event: worker_crash}";
    let world = World::with(&script(lines), 1, (4, 9), |to| to.leave_min = 5).await;
    world.sleep(30.0).await;
    let events: Vec<_> = world.faults().into_iter().map(|f| (f.event, f.kind)).collect();
    let expected =
        [("scale_down".to_owned(), FaultKind::Stop), ("worker_crash".to_owned(), FaultKind::Crash)];
    assert_eq!(events, expected);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_happen_yet_waits_a_little() {
    let lines = "{at: 1s, event: worker_pause, target: worker-0, for: 6s},
                 {at: 2s, event: leader_failure}, {at: 3s, event: scale_up, count: 1}";
    let mut world = World::new(&script(lines), 1).await;
    world.sleep(5.0).await;
    assert_eq!(world.position.borrow().through.as_secs(), 2, "it would be done by a resumed one");
    let faults = world.play(55.0).await;
    let stage = world.fleet.stage();
    assert!(near(stage.when("kill worker-0"), 7.5), "the leader was frozen till then");
    assert!(near(stage.when("start worker-6"), 3.0), "others do not wait");
    assert_eq!(faults.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_the_run_drains_is_not_lost_without_a_word() {
    let lines = "{at: 1s, event: worker_pause, target: worker-0, for: 60s},
                 {at: 8s, event: leader_failure}";
    let mut world = World::new(&script(lines), 1).await;
    let faults = world.play(10.0).await;
    let told: Vec<_> = faults.iter().map(|fault| fault.effect.as_str()).collect();
    assert_eq!(told[1], "skipped: worker-0 has a fault already: worker_pause");
}

#[tokio::test(start_paused = true)]
async fn what_waits_does_not_happen_while_chaos_is_paused() {
    let lines = "{at: 1s, event: worker_pause, target: worker-0, for: 4s},
                 {at: 2s, event: leader_failure}";
    let mut world = World::new(&script(lines), 1).await;
    world.sleep(3.0).await;
    world.control.pause().await.unwrap();
    let faults = world.play(20.0).await;
    assert_eq!(faults[1].effect, "skipped: chaos is paused by hand");
    assert_eq!(world.fleet.stage().said(), ["pause worker-0", "resume worker-0"]);
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_workers_than_the_run_may_have() {
    let full = ["there are 9 workers, the most it may be"];
    let lines = "{at: 1s, event: scale_up, count: 9}, {at: 5s, event: scale_up}";
    assert_eq!(skipped(lines, (2, 9)).await, full);
    // Whoever comes back has its place already.
    let lines =
        "{at: 1s, event: worker_crash, restart_after: 20s}, {at: 2s, event: scale_up, count: 3},
                 {at: 10s, event: scale_up}";
    assert_eq!(skipped(lines, (2, 9)).await, full);
}

#[tokio::test(start_paused = true)]
async fn a_node_has_one_fault_at_a_time_and_several_nodes_have_theirs() {
    let lines = "{at: 1s, event: worker_pause, target: worker-1, for: 20s},
                 {at: 2s, event: slow_worker, target: worker-1},
                 {at: 3s, event: worker_crash, target: worker-1},
                 {at: 4s, event: worker_pause, target: worker-2, for: 20s},
                 {at: 5s, event: worker_crash, target: worker-3, restart_after: never},
                 {at: 9s, event: worker_restart, target: worker-3},
                 {at: 30s, event: slow_worker, target: worker-1}";
    assert_eq!(
        skipped(lines, (2, 9)).await,
        [
            "worker-1 has a fault already: worker_pause",
            "worker-1 has a fault already: worker_pause",
            "worker-3 does not run",
        ]
    );
    let lines = "{at: 1s, event: producer_crash, restart_after: 50s},
                 {at: 2s, event: producer_crash, restart_after: 50s},
                 {at: 3s, event: producer_crash}";
    assert_eq!(skipped(lines, (2, 9)).await, ["no producer without a fault runs"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_away_only_what_needs_no_server_is_mended() {
    let lines = "{at: 1s, event: worker_crash, target: worker-1, restart_after: 10s},
                 {at: 2s, event: worker_pause, target: worker-2, for: 9s},
                 {at: 8s, event: broker_restart, for: 20s},
                 {at: 9s, event: worker_restart}, {at: 10s, event: broker_restart}";
    let mut world = World::new(&script(lines), 1).await;
    let faults = world.play(60.0).await;
    let stage = world.fleet.stage();
    assert!(near(stage.when("resume worker-2"), 11.0));
    assert!(near(stage.when("start nats-server"), 28.1));
    assert!(near(stage.when("start worker-1"), 28.2), "due at 11 s");
    let away = faults.iter().filter(|fault| fault.effect == "skipped: the server is away").count();
    assert_eq!(away, 2);
}

#[tokio::test(start_paused = true)]
async fn the_server_comes_back_in_time_although_somebody_wants_to_know_who_leads() {
    let lines =
        "{at: 1s, event: broker_restart, for: 2s}, {at: 2900ms, event: leader_pause, for: 4s}";
    let mut world = World::new(&script(lines), 1).await;
    world.sleep(0.5).await;
    world.client.cut();
    world.sleep(4.0).await;
    world.client.heal();
    world.play(20.0).await;
    let stage = world.fleet.stage();
    assert!(near(stage.when("start nats-server"), 3.1), "{:?}", stage.calls);
    assert!(stage.said().contains(&"pause worker-0"));
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_waits_while_too_many_are_away_and_passes_over_the_broken() {
    let lines = "{at: 1s, event: worker_pause, target: worker-0, for: 30s},
                 {at: 2s, event: worker_pause, target: worker-3, for: 20s},
                 {at: 3s, event: rolling_restart, pause_between: 0s}";
    let mut world = World::with(&script(lines), 1, (4, 9), |_| {}).await;
    world.sleep(15.0).await;
    assert_eq!(world.fleet.stage().calls.len(), 2, "four can be heard, and four must be");
    world.sleep(45.0).await;
    world.drain().await;
    let stage = world.fleet.stage();
    assert!(stage.when("step aside worker-1") >= 22.0 && stage.heard_min == 4);
    let rolled = stage.said().iter().filter(|call| call.starts_with("step")).count();
    // Both were frozen when it began, so it is about the other four.
    assert_eq!(rolled, 4, "{:?}", stage.calls);
}

#[tokio::test(start_paused = true)]
async fn what_is_broken_when_the_run_drains_is_mended_the_server_first() {
    let lines = "{at: 1s, event: worker_crash, target: worker-0, restart_after: 5m},
                 {at: 2s, event: worker_pause, target: worker-1, for: 5m},
                 {at: 3s, event: network_disconnect, target: worker-2, for: 5m},
                 {at: 4s, event: slow_worker, target: worker-3, for: 5m},
                 {at: 5s, event: producer_crash, target: producer-0, restart_after: 5m},
                 {at: 6s, event: broker_restart, for: 5m},
                 {at: 7m, event: scale_up}";
    let mut world = World::new(&script(lines), 1).await;
    let faults = world.play(20.0).await;
    let stage = world.fleet.stage();
    assert_eq!(
        stage.said()[6..],
        [
            "start nats-server",
            "resume worker-1",
            "clear worker-2",
            "slow by 1 worker-3",
            "start worker-0",
            "start producer-0",
        ]
    );
    assert_eq!(faults.len(), 6, "what was to come does not come any more");
    for fault in faults.iter().filter(|fault| fault.kind != FaultKind::Crash) {
        assert!(near(seconds(fault.ended_at.unwrap()), 20.5), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_director_goes_on_where_the_other_one_stopped() {
    let lines = "{at: 1s, event: scale_up, count: 1}, {at: 5s, event: slow_worker, for: 1s},
                 {at: 9s, event: scale_down, count: 1}";
    let config = script(lines);
    let mut first = World::new(&config, 1).await;
    first.sleep(7.0).await;
    let position = *first.position.borrow();
    assert_eq!((position.next_fault_id, position.through.as_secs()), (3, 9));
    first.drain().await;
    let mut second = World::with(&config, 1, (2, 9), |settings| {
        settings.resume_at = position.through;
        settings.next_fault_id = position.next_fault_id;
    })
    .await;
    let faults = second.play(20.0).await;
    assert_eq!((faults.len(), faults[0].id), (1, 3));
    assert_eq!(faults[0].event, "scale_down");
    assert!(position.through > Duration::from_secs(5), "an event is not done twice");
}
