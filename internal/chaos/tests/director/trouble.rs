//! A fleet that fails: the run goes on, and the report says what happened instead.

use reports::FaultKind;

use crate::support::{World, near, script, seconds, worker};

#[tokio::test(start_paused = true)]
async fn what_fails_is_told_and_mended_as_if_it_had_happened() {
    for (line, broken, mended, kind) in [
        ("worker_pause", "pause", "resume", FaultKind::Silence),
        ("worker_crash", "kill", "start", FaultKind::Silence),
        ("network_delay", "delay", "clear", FaultKind::Silence),
        ("slow_worker", "slow by 4", "slow by 1", FaultKind::Other),
    ] {
        let lines = format!(
            "{{at: 1s, event: {line}, target: worker-1}}, {{at: 5s, event: scale_up, count: 1}}"
        );
        let mut world = World::new(&script(&lines), 1).await;
        world.fleet.stage().failing.insert(format!("{broken} worker-1"), 1);
        let faults = world.play(30.0).await;
        let stage = world.fleet.stage();
        assert_eq!(stage.said()[1], format!("{mended} worker-1"));
        assert!(near(stage.when(&format!("{mended} worker-1")), 1.0), "at once");
        assert!(
            faults[0].effect.starts_with(&format!("failed: worker-1: {broken} is refused; ")),
            "{faults:?}"
        );
        assert_eq!(faults[0].kind, kind, "perhaps it did happen");
        assert!(near(seconds(faults[0].ended_at.unwrap()), 1.0));
        assert_eq!(faults[1].effect, "joined");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_returns_is_given_up() {
    let lines =
        "{at: 1s, event: worker_pause, target: worker-1}, {at: 5s, event: scale_up, count: 1}";
    let mut world = World::new(&script(lines), 1).await;
    world.fleet.stage().hanging.insert("pause worker-1".into(), 1);
    let faults = world.play(60.0).await;
    assert!(faults[0].effect.starts_with("failed: worker-1: not done within 10 s"), "{faults:?}");
    let stage = world.fleet.stage();
    assert!(near(stage.when("resume worker-1"), 11.0) && stage.is_whole());
    assert!(near(stage.when("start worker-6"), 11.0), "late, but not lost");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_fails_is_tried_again_a_few_times_and_when_the_run_drains() {
    let lines = "{at: 1s, event: worker_crash, target: worker-1, restart_after: 3s}";
    for (failures, when) in [(2, 8.0), (5, 60.0)] {
        let mut world = World::new(&script(lines), 1).await;
        world.fleet.stage().failing.insert("start worker-1".into(), failures);
        world.sleep(60.0).await;
        let before = world.fleet.stage().calls.len();
        assert!(before <= 1 + 5, "tries are bounded: {before}");
        world.drain().await;
        let stage = world.fleet.stage();
        assert!(stage.alive.contains(&worker(1)));
        assert!(near(stage.calls.last().unwrap().0, when), "{:?}", stage.calls);
        let told = world.told();
        assert!(told.iter().any(|fault| fault.effect.contains("could not be ended: worker-1")));
        assert!(told.last().unwrap().effect.contains("came back after"), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_brought_back_does_not_keep_the_run() {
    let lines = "{at: 1s, event: worker_crash, target: worker-1, restart_after: 3s}";
    let mut world = World::new(&script(lines), 1).await;
    world.fleet.stage().failing.insert("start worker-1".into(), u32::MAX);
    let faults = world.play(60.0).await;
    assert!(faults[0].effect.ends_with("could not be ended: worker-1: start is refused"));
    assert_eq!(world.fleet.stage().calls.len(), 1 + 5 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_restart_whose_stop_fails_is_started_all_the_same() {
    let lines = "{at: 1s, event: worker_restart, target: worker-1}";
    let mut world = World::new(&script(lines), 1).await;
    world.fleet.stage().failing.insert("step aside worker-1".into(), 1);
    let faults = world.play(60.0).await;
    assert_eq!(world.fleet.stage().said(), ["step aside worker-1", "start worker-1"]);
    assert!(faults[0].effect.starts_with("failed: worker-1: step aside is refused; came back"));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_scale_that_fails_is_told() {
    let lines =
        "{at: 1s, event: scale_up, count: 1}, {at: 5s, event: worker_crash, target: worker-1}";
    let mut world = World::new(&script(lines), 1).await;
    world.fleet.stage().failing.insert("start worker-6".into(), 1);
    let faults = world.play(30.0).await;
    assert_eq!(faults[0].effect, "failed: worker-6: start is refused");
    assert_eq!((faults[0].kind, faults[1].kind), (FaultKind::Other, FaultKind::Crash));
}

#[tokio::test(start_paused = true)]
async fn without_a_leader_nobody_is_hit_for_it() {
    let lines = "{at: 1s, event: leader_failure}, {at: 50s, event: leader_pause}";
    let mut world = World::new(&script(lines), 1).await;
    world.elect(99);
    world.sleep(40.0).await;
    world.client.cut();
    world.sleep(30.0).await;
    world.client.heal();
    let faults = world.play(10.0).await;
    let effects: Vec<_> = faults.iter().map(|fault| fault.effect.as_str()).collect();
    assert_eq!(effects[0], "skipped: worker-99 does not run");
    assert!(effects[1].starts_with("skipped: nobody can say who leads"), "{effects:?}");
    assert!(world.fleet.stage().calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_broker_does_not_keep_the_director_for_ever() {
    let mut world = World::new(&script("{at: 1s, event: scale_up, count: 1}"), 1).await;
    world.client.cut();
    world.play(10.0).await;
    assert!(world.fleet.stage().began.elapsed().as_secs() <= 10 + 31);
}
