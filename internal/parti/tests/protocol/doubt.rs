//! Requests and answers are lost, or come late: no effect twice, and the work goes on.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Seq, Subject};
use broker_virtual::{Fate, Fault};
use parti::records::{LedgerRecord, decode};

use crate::support::{World, done, id, ms, secs, slow};

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

/// A claim that is tried again is made under the newest grant that gives the partition (I5).
#[tokio::test(start_paused = true)]
async fn a_claim_that_was_lost_is_made_under_the_newest_grant() {
    let world = World::new(31, 8).await;
    let b = world.join("b").await;
    world.owned_by(&["b"], secs(5)).await;
    let client = world.broker.client("a");
    // Whatever it is given of these it cannot claim for seconds.
    for partition in 0..8 {
        let own = Subject::new(format!("g.own.{partition}")).expect("a good name");
        client.plan(Fault::new(Fate::RequestLost, own, if partition % 2 == 0 { 3 } else { 0 }));
    }
    let _a = world.builder("a", &client).join(done).await.expect("it joins");
    let owns = || world.owners().get(&id("a")).map_or(0, BTreeSet::len);
    world.until(secs(5), "a claims something", || owns() > 0).await;
    let before = owns();
    b.member.leave().await.expect("it leaves");
    world.until(secs(5), "a claims what b had", || owns() > before).await;
    world.owned_by(&["a"], secs(20)).await;
    let mut newest = BTreeMap::new();
    for record in world.broker.records(&world.names.ledger, Seq(1)) {
        let record: LedgerRecord<u64> = decode(&record).expect("one of ours");
        if let LedgerRecord::Claim { holder, .. } = record {
            let before = newest.entry(holder.session).or_insert(holder.epoch);
            assert!(*before <= holder.epoch, "{holder:?} claimed after {before:?}");
            *before = holder.epoch;
        }
    }
    assert_eq!(newest.len(), 2);
}
