//! What was published before or while a partition changes hands is processed, in order; a backlog
//! of one partition is nobody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{PartitionId, Seed};
use parti::{Delivery, HandlerError};
use rand::RngExt;

use crate::support::{World, ms, secs, sleep, slow};

#[tokio::test(start_paused = true)]
async fn a_new_owner_begins_with_the_oldest_message_that_is_not_done() {
    let world = World::new(1, 8).await;
    world.publish_all(50);
    let _a = world.join_with("a", slow(ms(20))).await;
    sleep(ms(500)).await;
    world.publish_all(50);
    let _b = world.join_with("b", slow(ms(20))).await;
    world.owned_by(&["a", "b"], secs(2)).await;
    assert!(world.chains().values().all(|chain| chain.done.len() < 100), "too late to be a test");
    world.publish_all(50);
    world.drained(secs(5)).await;
    sleep(secs(3)).await;
    world.judge();
}

/// Nothing is published after the hand-over: only the backlog itself can bring the messages.
#[tokio::test(start_paused = true)]
async fn a_backlog_needs_no_further_message_to_be_seen() {
    let world = World::new(2, 8).await;
    let a = world.join_with("a", slow(secs(60))).await;
    world.owned_by(&["a"], secs(2)).await;
    world.publish_all(1);
    sleep(ms(100)).await;
    drop(a);
    let _b = world.join("b").await;
    world.drained(secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_hot_partition_does_not_stall_the_others() {
    let world = World::new(3, 8).await;
    let handler = |delivery: Delivery| async move {
        let hot = delivery.partition == PartitionId(0);
        sleep(ms(if hot { 1 } else { 0 })).await;
        Ok::<_, HandlerError>(delivery.seq.0)
    };
    let _a = world.join_with("a", handler).await;
    world.owned_by(&["a"], secs(2)).await;
    (0..10_000).for_each(|_| drop_seq(world.publish(0)));
    for _ in 0..10 {
        (1..8).for_each(|partition| drop_seq(world.publish(partition)));
        sleep(ms(500)).await;
        let (messages, chains) = (world.messages(), world.chains());
        let others = chains.iter().filter(|(p, _)| p.0 != 0).map(|(_, chain)| chain.done.len());
        assert_eq!(others.sum::<usize>(), messages.len() - 10_000, "the others wait");
        assert!(chains[&PartitionId(0)].done.len() < 10_000, "too late to be a test");
    }
    world.drained(secs(60)).await;
    sleep(secs(3)).await;
    world.publish_all(500);
    world.drained(secs(20)).await;
}

fn drop_seq(_: broker::Seq) {}

/// Two readers are merged in the very moment in which their queues overflow: all queues are full, and
/// one more message for each comes a millisecond later from world to world.
#[tokio::test(start_paused = true)]
async fn an_overflow_while_readers_are_merged_loses_nothing() {
    for offset in 0..270 {
        let world = World::new(offset, 4).await;
        let stuck = Arc::new(AtomicBool::new(true));
        let holds = stuck.clone();
        let handler = move |delivery: Delivery| {
            let holds = holds.clone();
            async move {
                while holds.load(Ordering::Relaxed) {
                    sleep(ms(50)).await;
                }
                Ok::<_, HandlerError>(delivery.seq.0)
            }
        };
        let a = world.join_with("a", handler).await;
        let b = world.join("b").await;
        world.owned_by(&["a", "b"], secs(3)).await;
        // What a wins back gets a second reader.
        b.member.leave().await.expect("it leaves");
        world.owned_by(&["a"], secs(3)).await;
        // One message at the handler, and as many as a queue holds behind it.
        world.publish_all(1 + 256);
        sleep(ms(980 + offset)).await;
        world.publish_all(1);
        sleep(ms(500)).await;
        stuck.store(false, Ordering::Relaxed);
        world.drained(secs(10)).await;
        assert_eq!(a.member.stats().attempts, 4 * 258, "nothing is processed twice");
    }
}

/// Bursts that overflow queues just when readers are merged.
#[tokio::test(start_paused = true)]
async fn bursts_lose_nothing() {
    for seed in 0..12 {
        let world = World::new(seed, 6).await;
        let mut rng = Seed(seed).rng("bursts");
        let _a = world.join_with("a", slow(ms(1))).await;
        for _ in 0..25 {
            for _ in 0..rng.random_range(1..4) {
                let partition = rng.random_range(0..6);
                (0..rng.random_range(100..700)).for_each(|_| drop_seq(world.publish(partition)));
            }
            sleep(ms(rng.random_range(1..2000))).await;
        }
        world.drained(secs(60)).await;
    }
}
