//! A member behind a frozen connection is a stopped process: it is replaced, and when it goes on,
//! nothing that it still says counts.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Freezable, Freezer};
use broker_virtual::VirtualLog;
use parti::{Builder, Event, Member};
use tokio::time::Instant;

use crate::support::{LEASE, List, World, ms, push, secs, sleep, slow, take};

struct Stoppable {
    member: Member,
    freezer: Freezer,
    events: List<(Instant, Event)>,
}

async fn stoppable(world: &World, name: &str, takes: Duration) -> Stoppable {
    let freezer = Freezer::default();
    let client = Freezable::new(world.broker.client(name), freezer.clone());
    let events = List::default();
    let list = events.clone();
    let builder: Builder<Freezable<VirtualLog>> = world.builder(name, &client);
    let builder = builder.on_event(move |event| push(&list, (Instant::now(), event)));
    let member = builder.join(slow(takes)).await.expect("it joins");
    Stoppable { member, freezer, events }
}

#[tokio::test(start_paused = true)]
async fn it_is_replaced_and_what_it_says_late_is_refused() {
    for seed in 1..11 {
        let world = World::new(seed, 24).await;
        let _a = world.join("a").await;
        world.owned_by(&["a"], secs(3)).await;
        let z = stoppable(&world, "z", ms(50)).await;
        world.owned_by(&["a", "z"], secs(3)).await;
        world.publish_all(20);
        sleep(ms(120)).await;
        let (session, owned) = (z.member.status().session, z.member.status().owned as usize);
        z.freezer.freeze();
        let frozen_at = Instant::now();
        let took = world.owned_by(&["a"], LEASE + ms(500)).await;
        assert!(took > LEASE / 2, "nobody may be taken for dead so soon: {took:?}");
        world.drained(secs(2)).await;
        sleep(secs(5)).await;
        assert!(z.member.status().owned > 0, "it cannot know yet");
        assert_eq!(z.member.stats().fenced, 0, "nobody can have told it");
        assert!(!take(&z.events).iter().any(|(at, _)| *at > frozen_at), "it heard something");
        z.freezer.thaw();
        let lives = || z.member.status().session > session;
        let took = world.until(secs(2), "a new life", lives).await;
        assert!(took < ms(100), "it waits for nothing but the refusals: {took:?}");
        world.owned_by(&["a", "z"], secs(4)).await;
        let events = take(&z.events);
        let refused: BTreeMap<_, _> = events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Fenced { partition, messages, by, .. } if *messages > 0 => {
                    assert_eq!(by.member.as_str(), "a");
                    Some((*partition, *messages))
                }
                _ => None,
            })
            .collect();
        assert_eq!(refused.len(), owned, "seed {seed}: it was at work on all: {events:?}");
        assert_eq!(z.member.stats().fenced, refused.values().sum::<u64>());
        let expired = events.iter().filter(|(_, event)| matches!(event, Event::Expired { .. }));
        assert_eq!(expired.count(), 1);
        world.publish_all(1);
        world.drained(secs(2)).await;
    }
}

/// What it is at when it learns that it is dead is dropped: somebody else has done it long ago.
#[tokio::test(start_paused = true)]
async fn a_handler_does_not_hold_up_the_next_life() {
    let world = World::new(1, 12).await;
    let _a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    let z = stoppable(&world, "z", secs(60)).await;
    world.owned_by(&["a", "z"], secs(3)).await;
    world.publish_all(1);
    sleep(ms(120)).await;
    let session = z.member.status().session;
    z.freezer.freeze();
    world.drained(LEASE + ms(500)).await;
    z.freezer.thaw();
    let took = world.until(secs(2), "a new life", || z.member.status().session > session).await;
    assert!(took < ms(100), "{took:?}");
    assert_eq!(z.member.stats().fenced, 0, "it had nothing to record");
    world.judge();
}

/// Shorter than its lease, and nobody notices.
#[tokio::test(start_paused = true)]
async fn a_short_stop_moves_nothing() {
    let world = World::new(1, 12).await;
    let _a = world.join("a").await;
    let z = stoppable(&world, "z", ms(50)).await;
    world.owned_by(&["a", "z"], secs(3)).await;
    let (session, claims) = (z.member.status().session, world.claims());
    world.publish_all(10);
    for _ in 0..3 {
        z.freezer.freeze();
        sleep(LEASE / 2).await;
        z.freezer.thaw();
        sleep(ms(500)).await;
    }
    world.drained(secs(3)).await;
    assert_eq!((z.member.status().session, world.claims()), (session, claims));
    assert_eq!(z.member.stats().fenced, 0);
}
