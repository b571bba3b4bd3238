//! A record about a member that was on its way for so long that it is no longer true: a sign-on of a
//! life that never was, an expiry of a member that was heard of since. Nobody believes it.

use std::time::Duration;

use broker_virtual::{Fate, Fault};
use model::Network;
use parti::records::Grant;
use parti::{Event, MemberId};

use crate::support::{LEASE, World, done, id, ms, secs, sleep};

/// Its first attempt to join comes late, when it has long joined by the second one.
#[tokio::test(start_paused = true)]
async fn a_late_copy_of_a_sign_on_replaces_nobody() {
    let world = World::new(1, 12).await;
    let _a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    let client = world.broker.client("b");
    client.plan(Fault::new(Fate::Delayed(secs(5)), world.names.member(&id("b")), 1));
    let mut b = world.builder("b", &client).join(done).await.expect("it joins");
    world.owned_by(&["a", "b"], secs(4)).await;
    let (session, claims) = (b.status().session, world.claims());
    let ended = tokio::time::timeout(secs(10), b.ended()).await;
    assert!(ended.is_err(), "it was replaced by nobody: {ended:?}");
    assert_eq!((b.status().session, world.claims()), (session, claims));
}

/// A member falls silent, and is heard of again while its expiry is on its way.
#[tokio::test(start_paused = true)]
async fn a_late_expiry_ends_nobody() {
    let world = World::new(2, 12).await;
    let a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    let b = world.join("b").await;
    world.owned_by(&["a", "b"], secs(3)).await;
    sleep(secs(1)).await;
    assert!(a.member.status().leading.is_some(), "a leads, and it is a's expiry that is late");
    a.plan(Fate::Delayed(secs(5)), world.names.member(&id("b")), 3);
    let (session, claims, plans) = (b.session(), world.claims(), world.story().plans.len());
    b.client.cut();
    sleep(LEASE + ms(200)).await;
    b.client.heal();
    sleep(secs(15)).await;
    assert!(!b.events().iter().any(|event| matches!(event, Event::Expired { .. })));
    assert_eq!((b.session(), world.claims()), (session, claims));
    assert_eq!(world.story().plans.len(), plans, "nobody came, nobody went");
    // One in time would have counted.
    a.client.forget();
    b.client.cut();
    world.owned_by(&["a"], LEASE + ms(500)).await;
}

/// A new leader is far from its broker, and of a member all that was there at the election is evicted
/// before it reads: it restarts again and again. Nothing is taken from it before it has let go of it.
#[tokio::test(start_paused = true)]
async fn a_leader_that_reads_late_knows_who_lives() {
    let world = World::new(3, 12).await;
    let a = world.join("a").await;
    world.owned_by(&["a"], secs(3)).await;
    assert!(a.member.status().leading.is_some());
    let (b, mut c) = (world.join("b").await, world.join("c").await);
    world.owned_by(&["a", "b", "c"], secs(4)).await;
    let had = world.owners()[&id("c")].clone();
    c.plan(Fate::RequestLost, world.names.leader(), 100);
    b.client.set_network(Network::Delayed { delay: ms(450), jitter: Duration::ZERO });
    a.client.cut();
    world.until(LEASE * 3, "b is elected", || world.story().leaders.len() == 2).await;
    let elected = world.group_records(&c).len();
    while world.group_records(&c).len() < elected + 10 {
        drop(c.member);
        c = world.join("c").await;
        sleep(ms(20)).await;
    }
    assert!(b.member.status().leading.is_none(), "it does not even know that it leads");
    sleep(secs(4)).await;
    b.client.heal();
    world.owned_by(&["b", "c"], LEASE + secs(1)).await;
    let term = b.member.status().leading.expect("b leads");
    let less = |(member, grant): &(MemberId, Grant)| {
        *member == id("c") && grant.term == term && !grant.partitions.0.is_superset(&had)
    };
    assert_eq!(world.story().grants.iter().filter(|of| less(of)).count(), 0, "c kept its own");
}
