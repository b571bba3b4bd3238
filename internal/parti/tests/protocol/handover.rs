//! Revoke before grant: a partition leaves its owner before it reaches the next one.

use std::time::Duration;

use crate::support::{World, ms, secs, slow};

/// Grants are folded by [`crate::group::story`]; here the ledger must agree: every claim finds the
/// partition released.
async fn hand_over(delay: Duration) {
    let world = World::new(1, 12).await;
    world.publish_all(6);
    let _a = world.join_with("a", slow(delay)).await;
    world.owned_by(&["a"], secs(3)).await;
    let mut others = Vec::new();
    for name in ["b", "c", "d"] {
        others.push(world.join_with(name, slow(delay)).await);
        world
            .until(secs(6), "owns", || {
                world.owners().contains_key(others.last().expect("one").name())
            })
            .await;
    }
    others.remove(1).member.leave().await.expect("it leaves");
    world.drained(secs(60)).await;
    for chain in world.chains().values() {
        assert!(chain.claims.iter().all(|(_, released)| *released), "{chain:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_waited_for() {
    hand_over(ms(700)).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_beyond_the_grace_is_dropped() {
    hand_over(ms(1500)).await;
}
