//! Who comes gets a share, who goes leaves one; nothing else moves.

use std::collections::{BTreeMap, BTreeSet};

use model::PartitionId;
use parti::MemberId;

use crate::support::{LEASE, Node, World, ms, secs, sleep};

/// The first plan waits for further joins, the claims take some round trips.
const SETTLE: std::time::Duration = secs(2);

fn owner_of(owners: &BTreeMap<MemberId, BTreeSet<PartitionId>>) -> BTreeMap<PartitionId, MemberId> {
    let owned = owners.iter().flat_map(|(m, set)| set.iter().map(move |p| (*p, m.clone())));
    owned.collect()
}

/// The partitions whose owner differs.
fn moved(world: &World, before: &BTreeMap<MemberId, BTreeSet<PartitionId>>) -> usize {
    let (before, after) = (owner_of(before), owner_of(&world.owners()));
    before.iter().filter(|(partition, owner)| after.get(partition) != Some(owner)).count()
}

async fn group(names: &[&str]) -> (World, Vec<Node>) {
    let world = World::new(names.len() as u64, 24).await;
    let nodes = world.join_all(names).await;
    world.owned_by(names, SETTLE).await;
    (world, nodes)
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_starts_together_is_dealt_once() {
    let (world, nodes) = group(&["a", "b", "c", "d"]).await;
    sleep(secs(10)).await;
    let owners = world.owners();
    assert!(owners.values().all(|set| set.len() == 6), "{owners:?}");
    assert_eq!(world.story().plans.len(), 1, "{:?}", world.story().plans);
    assert_eq!(world.claims(), 24, "nothing is claimed twice");
    for node in &nodes {
        let owned = owners[node.name()].len() as u32;
        assert_eq!(node.member.status().owned, owned);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_moves_when_nothing_changes() {
    let (world, _nodes) = group(&["a", "b", "c"]).await;
    sleep(secs(2)).await;
    let (claims, grants) = (world.claims(), world.story().grants.len());
    sleep(secs(300)).await;
    assert_eq!((world.claims(), world.story().grants.len()), (claims, grants));
    assert_eq!(world.story().leaders.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_join_moves_only_what_is_needed() {
    let (world, _nodes) = group(&["a", "b", "c"]).await;
    let before = world.owners();
    let _late = world.join("d").await;
    let took = world.owned_by(&["a", "b", "c", "d"], SETTLE).await;
    assert!(took < ms(600), "a join must not wait for leases: {took:?}");
    sleep(secs(5)).await;
    assert_eq!(moved(&world, &before), 6, "of 24 partitions a fourth member needs 6");
    let plan = world.story().plans.pop().expect("a plan");
    assert_eq!((plan.moved, plan.needed), (6, 6));
    assert_eq!(plan.joined, [crate::support::id("d")]);
    for chain in world.chains().values() {
        assert!(chain.claims.iter().all(|(_, released)| *released), "{chain:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leave_hands_over_at_once() {
    let (world, mut nodes) = group(&["a", "b", "c", "d"]).await;
    for (gone, left) in [("d", &["a", "b", "c"][..]), ("b", &["a", "c"])] {
        let (before, at) = (world.owners(), nodes.iter().position(|n| n.name().as_str() == gone));
        let leaver = nodes.remove(at.expect("it is there"));
        leaver.member.leave().await.expect("it leaves");
        let took = world.owned_by(left, SETTLE).await;
        assert!(took < ms(200), "{took:?}");
        sleep(secs(3)).await;
        assert_eq!(moved(&world, &before), before[&crate::support::id(gone)].len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_hands_over_both_at_once() {
    let (world, mut nodes) = group(&["a", "b", "c"]).await;
    let leader = world.leader(&nodes).name().clone();
    let at = nodes.iter().position(|node| *node.name() == leader).expect("it is there");
    nodes.remove(at).member.leave().await.expect("it leaves");
    let left: Vec<_> =
        ["a", "b", "c"].into_iter().filter(|name| *name != leader.as_str()).collect();
    let took = world.owned_by(&left, SETTLE).await;
    assert!(took < ms(500), "{took:?}");
    sleep(ms(100)).await;
    assert_ne!(*world.leader(&nodes).name(), leader);
}

#[tokio::test(start_paused = true)]
async fn a_crash_hands_over_within_the_lease() {
    for leads in [false, true] {
        let (world, mut nodes) = group(&["a", "b", "c"]).await;
        let before = world.owners();
        let is_it = |node: &Node| node.member.status().leading.is_some() == leads;
        let at = nodes.iter().position(is_it).expect("there is such a member");
        let crashed = nodes.remove(at);
        let gone = crashed.name().clone();
        drop(crashed);
        let left: Vec<_> = ["a", "b", "c"].into_iter().filter(|n| *n != gone.as_str()).collect();
        let took = world.owned_by(&left, LEASE + ms(500)).await;
        assert!(took > LEASE / 2, "nobody may be taken for dead so soon: {took:?}");
        sleep(secs(3)).await;
        assert_eq!(moved(&world, &before), before[&gone].len());
        assert_eq!(world.story().leaders.len(), if leads { 2 } else { 1 });
    }
}
