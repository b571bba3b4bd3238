//! The broker is away for longer than a lease: nobody can be heard, and nobody is to blame.

use parti::Event;

use crate::support::{LEASE, World, secs, sleep};

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_broker_moves_nothing() {
    for seed in 0..20 {
        let world = World::new(seed, 24).await;
        let nodes = world.join_all(&["a", "b", "c", "d", "e"]).await;
        world.owned_by(&["a", "b", "c", "d", "e"], secs(3)).await;
        let before = world.owners();
        sleep(LEASE.mul_f64(0.1 * (seed % 10) as f64)).await;
        world.broker.stop();
        sleep(LEASE.mul_f64(1.0 + 0.1 * seed as f64)).await;
        world.broker.start();
        sleep(LEASE * 4).await;
        assert_eq!(world.owners(), before, "seed {seed}");
        for node in &nodes {
            let expired = node.events().iter().any(|event| matches!(event, Event::Expired { .. }));
            assert!(!expired, "seed {seed}: {} was expired", node.name());
        }
        world.judge();
    }
}
