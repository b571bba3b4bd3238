//! Who steps aside and comes back under its name within the lease moves nothing; who does not come
//! back loses its seat, and no message.

use std::collections::BTreeMap;

use broker::Seq;
use broker_virtual::Fate;
use parti::MemberError;
use parti::records::{MemberRecord, decode};

use crate::support::{LEASE, Node, World, id, ms, secs, sleep, slow};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

async fn group(seed: u64) -> (World, Vec<Node>) {
    let world = World::new(seed, 30).await;
    let mut nodes = Vec::new();
    for name in NAMES {
        nodes.push(world.join_with(name, slow(ms(20))).await);
    }
    world.owned_by(&NAMES, secs(3)).await;
    sleep(secs(1)).await;
    (world, nodes)
}

/// Takes a node that leads, or one that does not.
fn pick(nodes: &mut Vec<Node>, leads: bool) -> Node {
    let at = nodes.iter().position(|node| node.member.status().leading.is_some() == leads);
    nodes.remove(at.expect("there is such a member"))
}

/// Steps aside; no partition is claimed, and none of its own is left to it.
async fn step_aside(world: &World, node: Node) {
    let (name, claims) = (node.name().clone(), world.claims());
    let (watch, session) = (node.member.watch(), node.session());
    node.member.step_aside().await.expect("it steps aside");
    assert!(!world.owners().contains_key(&name), "it has not released: {:?}", world.owners());
    assert_eq!(world.claims(), claims, "somebody took what is kept for it");
    let status = watch.status();
    assert_eq!((status.session, status.owned, status.leading), (None, 0, None));
    let records = world.broker.records(&world.names.group, Seq(1));
    let last = records.into_iter().rfind(|record| record.subject == world.names.member(&name));
    let last = last.expect("it has been there");
    let sign = decode::<MemberRecord>(&last).expect("its own record");
    let alive = matches!(sign, MemberRecord::Alive { session: life, owned: 0, .. } if Some(life) == session);
    assert!(alive, "its last word is a sign of life: {sign:?}");
}

/// Nobody was granted anything anew since there were so many grants and plans.
fn assert_nothing_moved(world: &World, grants: usize, plans: usize) {
    let story = world.story();
    assert_eq!(story.grants.len(), grants, "a grant changed");
    assert!(story.plans[plans..].iter().all(|plan| plan.moved == 0), "{:?}", story.plans);
}

#[tokio::test(start_paused = true)]
async fn a_restart_within_the_lease_moves_nothing() {
    for leads in [false, true] {
        let (world, mut nodes) = group(1).await;
        let node = pick(&mut nodes, leads);
        let (name, session, before) = (node.name().clone(), node.session(), world.owners());
        let (story, claims) = (world.story(), world.claims());
        let (grants, plans) = (story.grants.len(), story.plans.len());
        world.publish_all(3);
        sleep(ms(30)).await;
        step_aside(&world, node).await;
        let led = || nodes.iter().any(|node| node.member.status().leading.is_some());
        world.until(ms(150), "led again, without waiting for its lease", led).await;
        assert!(world.chains().values().any(|chain| chain.done.len() < 3), "too late to be a test");
        // Its last word grants it the whole lease.
        sleep(LEASE - ms(300)).await;
        let again = world.join_with(name.as_str(), slow(ms(20))).await;
        let took = world.owned_by(&NAMES, LEASE).await;
        assert!(took < ms(200), "no slower than a hand-over: {took:?}");
        world.publish_all(1);
        world.drained(secs(2)).await;
        sleep(secs(10)).await;
        assert_eq!(world.owners(), before);
        assert!(again.session() > session);
        assert_nothing_moved(&world, grants, plans);
        let story = world.story();
        assert_eq!(story.leaders.len(), if leads { 2 } else { 1 }, "{:?}", story.leaders);
        assert_eq!(story.plans.len() - plans, usize::from(leads), "only a new leader plans");
        assert_eq!(world.claims() - claims, before[&name].len(), "only what it had is claimed");
        let released = |chain: &crate::ledger::Chain| chain.claims.iter().all(|(_, free)| *free);
        assert!(world.chains().values().all(released), "claimed from a living owner");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_moves_nothing() {
    let (world, nodes) = group(2).await;
    let (before, story) = (world.owners(), world.story());
    let (grants, plans) = (story.grants.len(), story.plans.len());
    let mut again = Vec::new();
    for node in nodes {
        world.publish_all(2);
        sleep(ms(30)).await;
        let name = node.name().clone();
        step_aside(&world, node).await;
        sleep(ms(700)).await;
        again.push(world.join_with(name.as_str(), slow(ms(20))).await);
        let took = world.owned_by(&NAMES, LEASE).await;
        assert!(took < ms(200), "{name}: {took:?}");
    }
    world.drained(secs(3)).await;
    sleep(secs(10)).await;
    assert_eq!(world.owners(), before);
    assert_nothing_moved(&world, grants, plans);
    let fenced: u64 = again.iter().map(|node| node.member.stats().fenced).sum();
    assert_eq!(fenced, 0, "nothing is processed in vain");
}

/// The whole fleet at once: for a moment nobody is there, nobody leads.
#[tokio::test(start_paused = true)]
async fn a_restart_of_all_at_once_moves_nothing() {
    for seed in 3..8 {
        let (world, nodes) = group(seed).await;
        let before = world.owners();
        let story = world.story();
        world.publish_all(5);
        let mut leaving = Vec::new();
        for node in nodes {
            leaving.push(tokio::spawn(node.member.step_aside()));
            sleep(ms(seed * 7)).await;
        }
        for end in leaving {
            end.await.expect("no panic").expect("it steps aside");
        }
        assert!(world.owners().is_empty(), "{:?}", world.owners());
        sleep(ms(500)).await;
        let _again = world.join_all(&NAMES).await;
        world.owned_by(&NAMES, secs(1)).await;
        world.drained(secs(3)).await;
        sleep(secs(10)).await;
        assert_eq!(world.owners(), before);
        assert_nothing_moved(&world, story.grants.len(), story.plans.len());
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_loses_its_seat_and_no_message() {
    for leads in [false, true] {
        let (world, mut nodes) = group(4).await;
        let before = world.owners();
        world.publish_all(5);
        let node = pick(&mut nodes, leads);
        let name = node.name().clone();
        step_aside(&world, node).await;
        let left: Vec<_> = NAMES.into_iter().filter(|other| *other != name.as_str()).collect();
        let took = world.owned_by(&left, LEASE + ms(500)).await;
        assert!(took > LEASE - ms(200), "its seat is kept for the lease: {took:?}");
        world.drained(secs(2)).await;
        let after = world.owners();
        for (member, owned) in before.iter().filter(|(member, _)| **member != name) {
            assert!(owned.is_subset(&after[member]), "{member} had to give something away");
        }
        let plan = world.story().plans.pop().expect("a plan");
        assert_eq!(plan.expired, std::slice::from_ref(&name));
        assert_eq!((plan.moved, plan.needed), (6, 6));
        // Too late, it is a member like any other that joins.
        let _late = world.join(name.as_str()).await;
        world.owned_by(&NAMES, secs(2)).await;
        world.publish_all(1);
        world.drained(secs(2)).await;
    }
}

/// The next life begins while the old one waits for its handlers.
#[tokio::test(start_paused = true)]
async fn the_next_life_need_not_wait_for_the_old_one() {
    for seed in 5..10 {
        let world = World::new(seed, 12).await;
        let _a = world.join("a").await;
        let old = world.join_with("b", slow(ms(600))).await;
        world.owned_by(&["a", "b"], secs(3)).await;
        let (before, grants) = (world.owners(), world.story().grants.len());
        world.publish_all(4);
        sleep(ms(100)).await;
        let ending = tokio::spawn(old.member.step_aside());
        sleep(ms(seed * 20)).await;
        assert!(!ending.is_finished(), "too late to be a test");
        let again = world.join("b").await;
        ending.await.expect("no panic").expect("its seat is taken: that was the purpose");
        world.drained(secs(2)).await;
        sleep(secs(5)).await;
        assert_eq!(world.owners(), before);
        assert_eq!(world.story().grants.len(), grants);
        assert_eq!(again.member.status().owned as usize, before[&id("b")].len());
    }
}

/// The seat of a member that cannot say so is not kept beyond the lease, and it says that it could
/// not.
#[tokio::test(start_paused = true)]
async fn without_a_broker_it_is_a_crash() {
    let world = World::new(6, 12).await;
    let _a = world.join("a").await;
    let b = world.join("b").await;
    world.owned_by(&["a", "b"], secs(3)).await;
    b.client.cut();
    let ended = b.member.step_aside().await;
    assert!(matches!(ended, Err(MemberError::Broker(_))), "{ended:?}");
    world.owned_by(&["a"], ms(500)).await;
}

/// The answer to the last word is lost: it is said until it is known.
#[tokio::test(start_paused = true)]
async fn lost_answers_cost_no_seat() {
    for fate in [Fate::AnswerLost, Fate::RequestLost, Fate::Delayed(ms(700))] {
        let (world, mut nodes) = group(7).await;
        let (before, grants) = (world.owners(), world.story().grants.len());
        let node = pick(&mut nodes, true);
        let name = node.name().clone();
        for subject in [world.names.member(&name), world.names.leader(), world.names.all_own()] {
            node.plan(fate, subject, 1);
        }
        node.member.step_aside().await.expect("it steps aside");
        let _again = world.join(name.as_str()).await;
        world.owned_by(&NAMES, secs(1)).await;
        sleep(secs(8)).await;
        assert_eq!(world.owners(), before);
        assert_eq!(world.story().grants.len(), grants, "{fate:?}: a grant changed");
        world.judge();
    }
}

/// Others come and go while the seat is empty: what is taken from it is granted once it is known
/// that it has let go, and what is left of it is kept.
#[tokio::test(start_paused = true)]
async fn a_join_meanwhile_takes_its_share_and_no_more() {
    let (world, mut nodes) = group(8).await;
    let before = world.owners();
    let node = pick(&mut nodes, false);
    let name = node.name().clone();
    world.publish_all(3);
    step_aside(&world, node).await;
    let _f = world.join("f").await;
    sleep(ms(1000)).await;
    let _again = world.join(name.as_str()).await;
    world.owned_by(&["a", "b", "c", "d", "e", "f"], secs(1)).await;
    world.drained(secs(2)).await;
    let after: BTreeMap<_, _> = world.owners();
    for (member, owned) in &before {
        assert!(after[member].is_subset(owned), "{member} was given more");
    }
    assert_eq!(world.story().plans.last().map(|plan| (plan.moved, plan.needed)), Some((5, 5)));
}
