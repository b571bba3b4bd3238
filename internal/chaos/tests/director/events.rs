//! Every event does to the fleet what its name says, is mended, and is told with kind, target,
//! beginning and end.

use reports::{Fault, FaultKind};

use crate::support::{World, near, producer, script, seconds, worker};

/// Plays one event at second 10 and lets it end.
async fn one(line: &str) -> (World, Fault) {
    let mut world = World::new(&script(&format!("{{at: 10s, {line}}}")), 1).await;
    let mut faults = world.play(100.0).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    let fault = faults.remove(0);
    assert!(near(seconds(fault.at), 10.0), "{fault:?}");
    assert!(world.fleet.stage().is_whole());
    (world, fault)
}

fn lasted(fault: &Fault) -> f64 {
    seconds(fault.ended_at.unwrap()) - seconds(fault.at)
}

#[tokio::test(start_paused = true)]
async fn a_crashed_worker_is_killed_and_comes_back() {
    let (world, fault) = one("event: worker_crash, target: worker-3, restart_after: 7s").await;
    let stage = world.fleet.stage();
    assert_eq!(stage.said(), ["kill worker-3", "start worker-3"]);
    assert!(near(stage.when("start worker-3"), 17.0));
    assert_eq!((fault.kind, fault.target.as_str()), (FaultKind::Crash, "worker-3"));
    // The others may take over from the first moment on: that it comes back is no excuse.
    assert_eq!(fault.ended_at, Some(fault.at));
    assert!(fault.effect.starts_with("killed without a word; came back after 7."), "{fault:?}");
    let kinds: Vec<_> = world.told().iter().map(|told| (told.id, told.kind)).collect();
    assert_eq!(
        kinds,
        [(1, FaultKind::Crash), (1, FaultKind::Crash)],
        "told at once, and when back"
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_for_good_is_for_good_unless_it_is_a_producers() {
    let (world, fault) = one("event: worker_crash, restart_after: never").await;
    assert_eq!(world.fleet.stage().calls.len(), 1, "{fault:?}");
    // Somebody has to say at the end what of a producer's is in doubt.
    let (world, fault) =
        one("event: producer_crash, target: producer-1, restart_after: never").await;
    let stage = world.fleet.stage();
    assert_eq!(stage.said(), ["kill producer-1", "start producer-1"]);
    assert!(near(stage.when("start producer-1"), 100.0), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restarted_worker_keeps_its_seat() {
    let (world, fault) = one("event: worker_restart, target: worker-2").await;
    assert_eq!(world.fleet.stage().said(), ["step aside worker-2", "start worker-2"]);
    assert_eq!((fault.kind, fault.target.as_str()), (FaultKind::Restart, "worker-2"));
    assert!(near(lasted(&fault), 0.2));
    let told = world.told();
    assert_eq!(told[0].ended_at, None, "told before it is asked to stop");
}

#[tokio::test(start_paused = true)]
async fn a_paused_worker_goes_on_after_its_lease() {
    let (world, fault) = one("event: worker_pause, target: worker-1").await;
    assert_eq!(world.fleet.stage().said(), ["pause worker-1", "resume worker-1"]);
    assert_eq!(fault.kind, FaultKind::Silence);
    assert!((3.0..6.5).contains(&lasted(&fault)), "1.5 to 3 leases: {fault:?}");
    let told = world.told();
    assert_eq!((told.len(), told[0].ended_at), (2, None));
    assert!(told[0].duration.unwrap().as_secs_f64() >= 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_scale_is_a_fault_for_each_worker() {
    let lines = "{at: 10s, event: scale_up, count: 2}, {at: 20s, event: scale_down, count: 3}";
    let mut world = World::new(&script(lines), 1).await;
    let faults = world.play(100.0).await;
    let stage = world.fleet.stage();
    assert_eq!(stage.said()[..2], ["start worker-6", "start worker-7"]);
    assert_eq!(stage.said()[2..].iter().filter(|call| call.starts_with("stop worker-")).count(), 3);
    assert_eq!(faults.len(), 5);
    for fault in &faults[..2] {
        assert_eq!((fault.event.as_str(), fault.kind), ("scale_up", FaultKind::Other));
    }
    for fault in &faults[2..] {
        assert_eq!((fault.event.as_str(), fault.kind), ("scale_down", FaultKind::Stop));
        assert!(stage.said().contains(&format!("stop {}", fault.target).as_str()));
        assert!(near(lasted(fault), 0.1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_takes_every_worker_in_turn() {
    let lines =
        "{at: 10s, event: rolling_restart, pause_between: 4s}, {at: 15s, event: rolling_restart}";
    let mut world = World::new(&script(lines), 1).await;
    let faults = world.play(100.0).await;
    let stage = world.fleet.stage();
    let expected: Vec<String> = (0..6)
        .flat_map(|index| [format!("step aside worker-{index}"), format!("start worker-{index}")])
        .collect();
    assert_eq!(stage.said(), expected);
    assert!(near(stage.when("step aside worker-1") - stage.when("start worker-0"), 4.1));
    let (skipped, rolled): (Vec<_>, Vec<_>) =
        faults.iter().partition(|fault| fault.effect.starts_with("skipped"));
    assert_eq!((skipped.len(), rolled.len()), (1, 6));
    assert_eq!(skipped[0].effect, "skipped: a rolling restart is under way");
    for (index, fault) in rolled.iter().enumerate() {
        assert_eq!((fault.event.as_str(), fault.kind), ("rolling_restart", FaultKind::Restart));
        assert_eq!(fault.target, worker(u32::try_from(index).unwrap()).to_string());
        assert!(fault.ended_at.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn the_leader_is_whoever_leads_then() {
    for (line, calls) in [
        ("event: leader_failure, restart_after: 5s", ["kill worker-4", "start worker-4"]),
        ("event: leader_pause", ["pause worker-4", "resume worker-4"]),
        ("event: slow_worker, target: leader", ["slow by 4 worker-4", "slow by 1 worker-4"]),
    ] {
        let mut world = World::new(&script(&format!("{{at: 10s, {line}}}")), 1).await;
        world.sleep(9.0).await;
        world.elect(4);
        let faults = world.play(100.0).await;
        assert_eq!(world.fleet.stage().said(), calls);
        assert_eq!(faults[0].target, "worker-4");
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_is_disturbed_and_cleared() {
    for (line, call, effect) in [
        ("event: network_disconnect, half_open: false", "cut", "cut off: its connections break"),
        (
            "event: network_disconnect, half_open: true",
            "half-open",
            "cut off: its connections stay open and carry nothing",
        ),
        ("event: network_delay", "delay", "everything arrives 200 ± 100 ms later"),
        ("event: network_lossy, loss: 0.2", "lose", "20.0 % of segments are lost"),
    ] {
        let (world, fault) = one(&format!("{line}, target: worker-5, for: 9s")).await;
        assert_eq!(world.fleet.stage().said(), [&format!("{call} worker-5"), "clear worker-5"]);
        assert_eq!(fault.kind, FaultKind::Silence);
        assert!(near(lasted(&fault), 9.2) && fault.effect.starts_with(effect), "{fault:?}");
        // Ownership does not depend on a producer's network.
        let (_, fault) = one(&format!("{line}, target: producer-1, for: 9s")).await;
        assert_eq!((fault.kind, fault.target), (FaultKind::Other, producer(1).to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_comes_back_after_its_downtime() {
    for (kill, call) in [(true, "kill nats-server"), (false, "stop nats-server")] {
        let (world, fault) = one(&format!("event: broker_restart, kill: {kill}, for: 3s")).await;
        assert_eq!(world.fleet.stage().said(), [call, "start nats-server"]);
        assert_eq!((fault.kind, fault.target.as_str()), (FaultKind::Broker, "nats-server"));
        assert!(near(lasted(&fault), 3.2), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_worker_is_no_silence() {
    let (world, fault) = one("event: slow_worker, target: worker-0, for: 5s, factor: 3").await;
    assert_eq!(world.fleet.stage().said(), ["slow by 3 worker-0", "slow by 1 worker-0"]);
    assert_eq!(fault.kind, FaultKind::Other);
    assert!(near(lasted(&fault), 5.2));
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_when_the_broker_is_back() {
    let mut world = World::new(&script("{at: 10s, event: worker_pause, for: 4s}"), 1).await;
    world.client.cut();
    world.sleep(60.0).await;
    assert_eq!(world.told().len(), 0);
    assert_eq!(world.fleet.stage().calls.len(), 2, "chaos does not wait for the broker");
    world.client.heal();
    let faults = world.play(10.0).await;
    assert!(near(seconds(faults[0].at), 10.0) && near(lasted(&faults[0]), 4.2), "{faults:?}");
}
