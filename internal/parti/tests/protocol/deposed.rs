//! A leader that was cut off changes nothing any more, however late its writes arrive.

use broker::Subject;
use broker_virtual::Fate;

use crate::support::{LEASE, World, ms, secs, sleep};

const NAMES: [&str; 3] = ["a", "b", "c"];

fn group(rest: &str) -> Subject {
    Subject::new(format!("g.group.{rest}")).expect("a good name")
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_the_old_leader_is_silent() {
    let world = World::new(1, 24).await;
    let nodes = world.join_all(&NAMES).await;
    world.owned_by(&NAMES, secs(2)).await;
    let old = world.leader(&nodes);
    let session = old.session();
    old.client.cut();
    let left: Vec<_> = NAMES.into_iter().filter(|name| *name != old.name().as_str()).collect();
    world.owned_by(&left, LEASE + ms(500)).await;
    assert!(old.member.status().leading.is_some(), "it cannot know yet");
    old.client.heal();
    world.owned_by(&NAMES, secs(4)).await;
    sleep(secs(10)).await;
    let story = world.story();
    assert_eq!(story.leaders.len(), 2, "{:?}", story.leaders);
    assert_ne!(story.leaders[1].0, *old.name());
    assert_eq!(old.member.status().leading, None);
    assert_ne!(old.session(), session, "it lives again, as somebody else");
}

#[tokio::test(start_paused = true)]
async fn writes_that_arrive_in_another_term_are_refused() {
    for late in ["grant.>", "plan", "leader_beat"] {
        let world = World::new(2, 24).await;
        let nodes = world.join_all(&NAMES).await;
        world.owned_by(&NAMES, secs(2)).await;
        let old = world.leader(&nodes);
        old.plan(Fate::Delayed(secs(6)), group(late), 1);
        let _d = world.join("d").await;
        sleep(ms(800)).await;
        old.client.cut();
        sleep(secs(7)).await;
        assert_eq!(world.story().leaders.len(), 2, "the late write came in a later term");
        old.client.heal();
        world.owned_by(&["a", "b", "c", "d"], secs(6)).await;
        world.publish_all(1);
        world.drained(secs(2)).await;
    }
}

/// A leader's write whose answer was lost is sent again; the first copy may come much later, in the
/// same term, behind newer grants. It must not be what a new leader believes.
#[tokio::test(start_paused = true)]
async fn a_late_copy_of_a_grant_misleads_nobody() {
    let world = World::new(3, 24).await;
    let mut nodes = world.join_all(&NAMES).await;
    let leader = world
        .until(secs(2), "led", || nodes.iter().any(|node| node.member.status().leading.is_some()));
    leader.await;
    let old = world.leader(&nodes).name().clone();
    world.leader(&nodes).plan(Fate::Delayed(secs(4)), group("grant.>"), 3);
    world.owned_by(&NAMES, secs(8)).await;
    let _d = world.join("0").await;
    world.owned_by(&["0", "a", "b", "c"], secs(8)).await;
    sleep(secs(5)).await;
    let before = world.owners();
    nodes.retain(|node| *node.name() != old);
    sleep(secs(5)).await;
    world.publish_all(2);
    world.drained(secs(2)).await;
    let after = world.owners();
    for (member, owned) in before.iter().filter(|(member, _)| **member != old) {
        assert!(owned.is_subset(&after[member]), "{member} had to give something away");
    }
    for chain in world.chains().values() {
        let stolen = chain.claims.windows(2).any(|pair| !pair[1].1 && pair[0].0.member != old);
        assert!(!stolen, "claimed from a living owner: {chain:?}");
    }
}

/// The same, while the member that it grants less to is alive and has been granted more since.
#[tokio::test(start_paused = true)]
async fn a_late_copy_of_a_smaller_grant_takes_nothing() {
    let world = World::new(4, 24).await;
    let nodes = world.join_all(&["a", "b"]).await;
    world.owned_by(&["a", "b"], secs(3)).await;
    world.leader(&nodes).plan(Fate::Delayed(secs(8)), group("grant.a"), 1);
    let c = world.join("c").await;
    world.owned_by(&["a", "b", "c"], secs(6)).await;
    c.member.leave().await.expect("it leaves");
    world.owned_by(&["a", "b"], secs(2)).await;
    let claims = world.claims();
    sleep(secs(12)).await;
    world.owned_by(&["a", "b"], ms(0)).await;
    assert_eq!(world.claims(), claims, "nothing changes hands");
}
