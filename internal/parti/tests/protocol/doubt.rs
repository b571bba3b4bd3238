//! Requests and answers are lost, or come late: no effect twice, and the work goes on.

use std::collections::BTreeMap;

use broker::{Seq, Subject};
use broker_virtual::{Fate, Fault};
use parti::records::{LedgerRecord, decode};

use crate::support::{List, Node, World, done, id, ms, secs, slow};

async fn run(subject: &str, fate: Fate, seed: u64) {
    let world = World::new(seed, 12).await;
    let subject = Subject::new(format!("g.{subject}")).expect("a good name");
    let fault = || Fault::new(fate, subject.clone(), 4);
    world.publish_all(10);
    let mut members = Vec::new();
    for name in ["a", "b", "c"] {
        let client = world.broker.client(name);
        client.plan(fault());
        let joining = world.builder(name, &client).join(slow(ms(20)));
        members.push((client, joining.await.expect("it joins")));
        world.publish_all(5);
    }
    world.owned_by(&["a", "b", "c"], secs(25)).await;
    members.iter().for_each(|(client, _)| client.plan(fault()));
    world.publish_all(10);
    let (_, leaver) = members.remove(0);
    leaver.leave().await.expect("it leaves");
    let late = world.broker.client("d");
    late.plan(fault());
    let _d = world.builder("d", &late).join(done).await.expect("it joins");
    world.publish_all(10);
    world.owned_by(&["b", "c", "d"], secs(25)).await;
    world.drained(secs(25)).await;
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_requests_do_no_harm() {
    let subjects = [
        "own.*",
        "group.member.*",
        "group.grant.*",
        "group.leader",
        "group.plan",
        "group.settings",
    ];
    let fates = [Fate::AnswerLost, Fate::RequestLost, Fate::Delayed(ms(1500))];
    for (seed, subject) in (1..).zip(subjects) {
        for fate in fates {
            run(subject, fate, seed).await;
        }
    }
    for (seed, fate) in (10..).zip(fates) {
        run(">", fate, seed).await;
    }
}

/// No life claims under an older grant than before (I5).
fn claims_rise(world: &World) {
    let mut newest = BTreeMap::new();
    for record in world.broker.records(&world.names.ledger, Seq(1)) {
        let record: LedgerRecord<u64> = decode(&record).expect("one of ours");
        if let LedgerRecord::Claim { holder, .. } = record {
            let before = newest.entry(holder.session).or_insert(holder.epoch);
            assert!(*before <= holder.epoch, "{holder:?} claimed after {before:?}");
            *before = holder.epoch;
        }
    }
}

/// A group of `a` alone, and `b` that joins it, but cannot claim every other partition for seconds.
async fn cannot_claim(seed: u64) -> (World, Node, Node) {
    let world = World::new(seed, 12).await;
    let a = world.join("a").await;
    world.owned_by(&["a"], secs(5)).await;
    let client = world.broker.client("b");
    for partition in (0..12).step_by(2) {
        let own = Subject::new(format!("g.own.{partition}")).expect("a good name");
        client.plan(Fault::new(Fate::RequestLost, own, 3));
    }
    let member = world.builder("b", &client).join(done).await.expect("it joins");
    let owns = || world.owners().contains_key(&id("b"));
    world.until(secs(5), "b claims something", owns).await;
    (world, a, Node { member, client, events: List::default() })
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_lost_is_made_under_the_newest_grant() {
    for seed in 1..9 {
        let (world, a, _b) = cannot_claim(seed).await;
        a.member.leave().await.expect("it leaves");
        world.owned_by(&["b"], secs(20)).await;
        claims_rise(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_lost_is_not_made_when_the_partition_is_revoked() {
    for seed in 1..9 {
        let (world, _a, _b) = cannot_claim(seed).await;
        let _more = world.join_all(&["c", "d", "e"]).await;
        world.owned_by(&["a", "b", "c", "d", "e"], secs(20)).await;
        claims_rise(&world);
    }
}
