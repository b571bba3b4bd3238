//! What no group can work with is refused before anything happens.

use std::time::Duration;

use broker::Seq;
use parti::{Builder, JoinError};

use crate::support::{World, done, id, ms};

#[tokio::test(start_paused = true)]
async fn all_must_agree_on_the_partitions() {
    let world = World::new(1, 12).await;
    let _a = world.join("a").await;
    let client = world.broker.client("b");
    let other = Builder::new(client, world.names.clone(), id("b"), 13).join(done).await;
    let error = other.err();
    assert!(matches!(error, Some(JoinError::Partitions { ours: 13, theirs: 12 })), "{error:?}");
    assert!(
        world
            .broker
            .records(&world.names.group, Seq(1))
            .iter()
            .all(|record| { record.subject != world.names.member(&id("b")) })
    );
}

#[tokio::test(start_paused = true)]
async fn impossible_settings_are_named() {
    let world = World::new(2, 12).await;
    let client = world.broker.client("a");
    let good = || world.builder("a", &client);
    let none = Builder::new(client.clone(), world.names.clone(), id("a"), 0);
    for (builder, expected) in [
        (good().lease(Duration::ZERO), "lease"),
        (good().lease(ms(199)), "lease"),
        (good().concurrency(0), "concurrency"),
        (none, "partitions"),
    ] {
        let error = builder.join(done).await.err();
        let Some(JoinError::Setting { setting, .. }) = error else { panic!("{error:?}") };
        assert_eq!(setting, expected);
    }
    assert!(world.broker.records(&world.names.group, Seq(1)).is_empty(), "nothing is written");
    assert!(good().lease(ms(200)).join(done).await.is_ok());
}
