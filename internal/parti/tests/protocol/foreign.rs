//! Somebody else writes to our subjects: it says nothing about ownership, and stops nobody.

use std::time::Duration;

use broker_virtual::Fate;
use model::PartitionId;
use parti::{Delivery, HandlerError};

use crate::support::{LEASE, World, id, ms, secs, sleep, slow};

const ZERO: PartitionId = PartitionId(0);

fn put_own(world: &World) {
    world.put(&world.names.ledger, world.names.own(ZERO), "who wrote this?");
}

#[tokio::test(start_paused = true)]
async fn in_a_chain_it_is_stepped_over() {
    let world = World::new(1, 4).await;
    put_own(&world);
    world.publish_all(5);
    let _a = world.join("a").await;
    world.drained(secs(3)).await;
    put_own(&world);
    world.publish_all(5);
    world.drained(secs(3)).await;
    put_own(&world);
    let b = world.join("b").await;
    world.owned_by(&["a", "b"], secs(3)).await;
    put_own(&world);
    put_own(&world);
    world.publish_all(5);
    world.drained(secs(3)).await;
    put_own(&world);
    b.member.leave().await.expect("it leaves");
    world.owned_by(&["a"], secs(3)).await;
    world.publish_all(5);
    world.drained(secs(3)).await;
}

/// The answer to an effect is lost, and a foreign record comes on top of it.
#[tokio::test(start_paused = true)]
async fn it_does_not_hide_an_effect_that_arrived() {
    let world = World::new(2, 4).await;
    let a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    a.plan(Fate::AnswerLost, world.names.own(ZERO), 1);
    world.publish_all(1);
    sleep(ms(500)).await;
    put_own(&world);
    sleep(secs(3)).await;
    world.publish_all(1);
    world.drained(secs(3)).await;
}

/// A foreign record on top of the new owner's claim is no way around the claim.
#[tokio::test(start_paused = true)]
async fn it_does_not_let_a_zombie_in() {
    let world = World::new(3, 24).await;
    let _b = world.join_with("b", slow(secs(60))).await;
    world.owned_by(&["b"], secs(3)).await;
    let handler = |delivery: Delivery| async move {
        sleep(ms(u64::from(delivery.partition.0) * 150)).await;
        Ok::<_, HandlerError>(delivery.seq.0)
    };
    let zombie = world.join_with("z", handler).await;
    world.owned_by(&["b", "z"], secs(3)).await;
    zombie.plan(Fate::RequestLost, world.names.member(&id("z")), 1000);
    world.publish_all(1);
    world.owned_by(&["b"], LEASE + secs(1)).await;
    for partition in (0..24).map(PartitionId) {
        world.put(&world.names.ledger, world.names.own(partition), "who wrote this?");
    }
    sleep(secs(5)).await;
    // Reading the chains checks that every effect stands under the newest claim.
    assert_eq!(world.chains().len(), 24);
    assert!(zombie.member.stats().fenced > 0, "too late to be a test");
}

async fn group_subjects(after: Duration) {
    let world = World::new(4, 12).await;
    let mut nodes = world.join_all(&["a", "b", "c"]).await;
    world.owned_by(&["a", "b", "c"], secs(3)).await;
    let (names, leader) = (&world.names, world.leader(&nodes).name().clone());
    let mut subjects = vec![names.leader(), names.leader_beat(), names.plan()];
    for member in ["a", "b", "c", "nobody"] {
        subjects.extend([names.member(&id(member)), names.grant(&id(member))]);
    }
    for subject in subjects {
        world.put(&names.group, subject, "who wrote this?");
    }
    sleep(after).await;
    world.owned_by(&["a", "b", "c"], secs(6)).await;
    nodes.retain(|node| *node.name() != leader);
    let left: Vec<_> = ["a", "b", "c"].into_iter().filter(|n| *n != leader.as_str()).collect();
    world.owned_by(&left, LEASE * 2 + ms(500)).await;
    world.publish_all(5);
    world.drained(secs(3)).await;
}

#[tokio::test(start_paused = true)]
async fn on_the_groups_subjects_it_breaks_nothing() {
    for after in [Duration::ZERO, ms(50), secs(10)] {
        group_subjects(after).await;
    }
}

/// A member falls silent with a foreign record as the last one on its subject.
#[tokio::test(start_paused = true)]
async fn it_does_not_keep_a_dead_member_alive() {
    let world = World::new(5, 12).await;
    let _a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    let b = world.join("b").await;
    world.owned_by(&["a", "b"], secs(3)).await;
    drop(b);
    world.put(&world.names.group, world.names.member(&id("b")), "who wrote this?");
    world.owned_by(&["a"], LEASE + ms(500)).await;
}
