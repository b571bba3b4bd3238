//! A member that is believed dead and is not: whatever it still does has no effect.

use broker_virtual::{Fate, Fault};
use parti::{Delivery, Event, HandlerError};

use crate::support::{LEASE, List, World, done, id, ms, push, secs, sleep, slow, take};

#[tokio::test(start_paused = true)]
async fn a_cut_off_member_is_replaced_and_returns_as_somebody_else() {
    let world = World::new(1, 12).await;
    let _a = world.join_with("a", slow(ms(10))).await;
    world.owned_by(&["a"], secs(3)).await;
    let handled = List::default();
    let list = handled.clone();
    let handler = move |delivery: Delivery| {
        let list = list.clone();
        async move {
            sleep(LEASE + ms(700)).await;
            push(&list, delivery.seq);
            Ok::<_, HandlerError>(delivery.seq.0)
        }
    };
    let zombie = world.join_with("z", handler).await;
    world.owned_by(&["a", "z"], secs(3)).await;
    let session = zombie.session();
    world.publish_all(3);
    sleep(ms(100)).await;
    zombie.client.cut();
    world.owned_by(&["a"], LEASE + ms(500)).await;
    world.drained(secs(2)).await;
    sleep(secs(2)).await;
    assert!(!take(&handled).is_empty(), "its handlers did finish");
    zombie.client.heal();
    world.owned_by(&["a", "z"], secs(4)).await;
    assert!(zombie.session() > session, "{:?}", zombie.session());
    assert!(zombie.events().iter().any(|event| matches!(event, Event::Expired { .. })));
    sleep(secs(5)).await;
    world.judge();
    world.publish_all(1);
    world.drained(secs(10)).await;
}

/// Only its signs of life are lost: its handlers finish after the new owner claimed, and before it
/// learns that it is dead.
#[tokio::test(start_paused = true)]
async fn what_a_zombie_processed_is_refused_and_counted() {
    let world = World::new(2, 24).await;
    let _a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    let handler = |delivery: Delivery| async move {
        sleep(ms(u64::from(delivery.partition.0) * 150)).await;
        Ok::<_, HandlerError>(delivery.seq.0)
    };
    let zombie = world.join_with("z", handler).await;
    world.owned_by(&["a", "z"], secs(3)).await;
    zombie.plan(Fate::RequestLost, world.names.member(&id("z")), 1000);
    world.publish_all(1);
    world.owned_by(&["a"], LEASE + secs(1)).await;
    world.drained(secs(3)).await;
    sleep(secs(3)).await;
    let fenced: Vec<_> = zombie
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Fenced { messages, by, .. } => Some((messages, by.member)),
            _ => None,
        })
        .collect();
    assert!(!fenced.is_empty(), "{:?}", zombie.events());
    assert!(fenced.iter().all(|fenced| *fenced == (1, id("a"))), "{fenced:?}");
    assert_eq!(zombie.member.stats().fenced, fenced.len() as u64);
    zombie.client.forget();
    world.owned_by(&["a", "z"], secs(4)).await;
    world.judge();
}

/// A member that cannot prove that it lives begins nothing new.
#[tokio::test(start_paused = true)]
async fn a_lapsed_member_calls_no_handler() {
    let world = World::new(3, 4).await;
    let attempts = List::default();
    let list = attempts.clone();
    let handler = move |delivery: Delivery| {
        push(&list, tokio::time::Instant::now());
        async move {
            sleep(ms(100)).await;
            Ok::<_, HandlerError>(delivery.seq.0)
        }
    };
    let node = world.join_with("a", handler).await;
    world.owned_by(&["a"], secs(3)).await;
    world.publish_all(200);
    sleep(secs(1)).await;
    node.client.cut();
    let cut_at = tokio::time::Instant::now();
    sleep(secs(8)).await;
    let latest = take(&attempts).into_iter().max().expect("it worked");
    assert!(latest > cut_at + LEASE / 2, "it works on while it is believed alive");
    assert!(latest <= cut_at + LEASE, "{:?} after the cut", latest - cut_at);
    node.client.heal();
    world.drained(secs(30)).await;
}

/// Its claims come too late: the next owner has claimed under a newer grant.
#[tokio::test(start_paused = true)]
async fn an_outdated_claim_takes_nothing() {
    for lost in 6..30 {
        let world = World::new(lost, 12).await;
        let _a = world.join("a").await;
        world.owned_by(&["a"], secs(3)).await;
        let client = world.broker.client("z");
        client.plan(Fault::new(Fate::RequestLost, world.names.all_own(), lost));
        let joined = world.builder("z", &client).join(done).await;
        let _zombie = joined.expect("it joins");
        sleep(ms(300)).await;
        client.plan(Fault::new(Fate::RequestLost, world.names.member(&id("z")), 1000));
        sleep(secs(8)).await;
        world.publish_all(1);
        world.drained(secs(2)).await;
        world.owned_by(&["a"], secs(1)).await;
    }
}
