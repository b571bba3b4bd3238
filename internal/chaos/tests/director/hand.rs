//! Commands by hand: answered by the director itself, within the same bounds.

use chaos::ControlError;

use crate::support::{World, near, planned, script};

const LINES: &str = "{at: 5s, event: scale_up, count: 1}, {at: 10s, event: worker_pause, for: 20s},
                     {at: 50s, event: scale_down, count: 1}";

#[tokio::test(start_paused = true)]
async fn a_paused_schedule_skips_what_falls_due_and_still_mends() {
    let mut world = World::new(&script(LINES), 1).await;
    world.sleep(12.0).await;
    world.control.pause().await.unwrap();
    world.sleep(40.0).await;
    world.control.resume().await.unwrap();
    let faults = world.play(100.0).await;
    assert_eq!(faults[2].effect, "skipped: chaos is paused by hand");
    let stage = world.fleet.stage();
    assert_eq!(stage.calls.len(), 3, "{:?}", stage.calls);
    assert!(near(stage.calls[2].0, 30.1), "frozen at 10 s for 20 s");
}

#[tokio::test(start_paused = true)]
async fn a_paused_rolling_restart_goes_on_where_it_was() {
    let lines = "{at: 1s, event: rolling_restart, pause_between: 4s}";
    let mut world = World::new(&script(lines), 1).await;
    world.sleep(7.0).await;
    world.control.pause().await.unwrap();
    world.sleep(60.0).await;
    assert_eq!(world.fleet.stage().calls.len(), 4, "two workers");
    world.control.resume().await.unwrap();
    world.play(60.0).await;
    assert_eq!(world.fleet.stage().calls.len(), 12, "and then the other four");
}

#[tokio::test(start_paused = true)]
async fn an_event_by_hand_happens_now_and_says_what_began() {
    let mut world = World::new(&script("{at: 9m, event: scale_up}"), 1).await;
    world.control.pause().await.unwrap();
    world.sleep(3.0).await;
    let json = r#"{"event": "worker_pause", "target": "worker-2", "for": "6s"}"#;
    assert_eq!(world.control.trigger(json).await.unwrap(), "#1 worker_pause on worker-2: frozen");
    assert_eq!(
        world.control.trigger(json).await.unwrap_err(),
        ControlError::Refused("worker-2 has a fault already: worker_pause".into())
    );
    let said = world.control.trigger(r#"{"event": "rolling_restart"}"#).await.unwrap();
    assert_eq!(said, "rolling_restart of 5 workers");
    let wrong = world.control.trigger(r#"{"event": "worker_pause", "loss": 0.1}"#).await;
    let Err(ControlError::Wrong(why)) = wrong else { panic!("{wrong:?}") };
    assert!(why.contains("loss: means nothing for worker_pause"), "{why}");
    world.play(20.0).await;
    assert!(near(world.fleet.stage().when("resume worker-2"), 9.2));
}

#[tokio::test(start_paused = true)]
async fn the_state_shows_what_is_planned_and_what_is_broken() {
    let mut world = World::new(&script(LINES), 1).await;
    world.sleep(12.0).await;
    let state = world.control.show().await.unwrap();
    assert!(!state.paused && near(state.elapsed_seconds, 12.0));
    assert_eq!((state.done, state.skipped, state.planned_left, state.rolling_left), (2, 0, 1, 0));
    let expected = planned("{at: 50s, event: scale_down, count: 1}");
    assert_eq!(state.planned_next[0].how, expected.how);
    let open = &state.open[0];
    assert_eq!((open.id, open.event.as_str()), (2, "worker_pause"));
    assert!(near(open.since_seconds, 10.0) && near(open.until_seconds.unwrap(), 30.0));
    let json = serde_json::to_value(&state).unwrap();
    assert_eq!(json["planned_next"][0]["event"], "scale_down");
    assert_eq!(json["open"][0]["target"], open.target);
    world.control.pause().await.unwrap();
    world.sleep(60.0).await;
    let state = world.control.show().await.unwrap();
    assert!(state.paused && state.open.is_empty());
    assert_eq!((state.done, state.skipped, state.planned_left), (2, 1, 0));
    world.drain().await;
    assert_eq!(world.control.show().await, Err(ControlError::Over));
}

#[tokio::test(start_paused = true)]
async fn more_commands_than_can_wait_are_refused() {
    let lines = "{at: 1s, event: worker_pause, target: worker-1}";
    let mut world = World::new(&script(lines), 1).await;
    world.fleet.stage().hanging.insert("pause worker-1".into(), 1);
    world.sleep(2.0).await;
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let control = world.control.clone();
            tokio::spawn(async move { control.show().await })
        })
        .collect();
    let mut busy = 0;
    for asked in asking {
        match asked.await.unwrap() {
            Ok(_) => {}
            Err(ControlError::Busy(_)) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(busy, 4, "sixteen wait for the node that is slow");
    world.drain().await;
}
