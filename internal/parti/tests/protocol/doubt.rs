//! Requests and answers are lost, or come late: no effect twice, and the work goes on.

use broker::Subject;
use broker_virtual::{Fate, Fault};

use crate::support::{World, done, ms, secs, slow};

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
