//! What a client sees of faults, and what the broker makes of its requests meanwhile.

mod common;

use std::time::Duration;

use broker::conformance::{Bench, ids_survive_a_restart_with_their_records};
use broker::{
    Admin, AppendError, BrokerError, Log, MessageId, Reader, Refusal, Seq, Start, Storage,
    StreamSpec,
};
use broker_virtual::{Fate, Fault, Options, VirtualBroker, VirtualLog};
use common::{append, spec, stream, subject};
use model::Seed;
use tokio::time::Instant;

async fn two() -> (VirtualLog, VirtualLog) {
    let broker = VirtualBroker::new(Options::new(Seed(3)));
    let (one, other) = (broker.client("one"), broker.client("other"));
    one.ensure(&spec()).await.expect("the stream is made");
    (one, other)
}

async fn stored(client: &VirtualLog) -> u64 {
    client.state(&stream()).await.ok().flatten().expect("the stream is there").records
}

#[tokio::test(start_paused = true)]
async fn a_cut_client_hears_nothing_until_it_is_healed() {
    let (one, other) = two().await;
    let mut reader = one.read(&stream(), vec![subject("s.*")], Start::At(Seq(1))).await.unwrap();
    one.cut();
    other.append(append("x")).await.expect("the other is not cut off");
    let began = Instant::now();
    assert!(matches!(one.append(append("y")).await, Err(AppendError::InDoubt(_))));
    let last = one.last(&stream(), &subject("s.a")).await;
    assert!(matches!(last, Err(BrokerError::Unavailable(_))), "{last:?}");
    assert!(began.elapsed() >= Duration::from_secs(2), "both requests hang first");
    let early = tokio::time::timeout(Duration::from_secs(60), reader.next()).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(stored(&other).await, 1, "what a cut client sends does not arrive");
    one.heal();
    assert_eq!(reader.next().await.unwrap().payload, "x");
    one.append(append("z")).await.expect("it is healed");
}

#[tokio::test(start_paused = true)]
async fn an_append_in_doubt_is_stored_or_not_or_later() {
    for (fate, at_once, later) in [
        (Fate::AnswerLost, 1, 1),
        (Fate::RequestLost, 0, 0),
        (Fate::Delayed(Duration::from_secs(5)), 0, 1),
    ] {
        let (one, other) = two().await;
        one.plan(Fault::new(Fate::RequestLost, subject("s.b"), 9));
        one.plan(Fault::new(fate, subject("s.>"), 1));
        let answer = one.append(append("x")).await;
        assert!(matches!(answer, Err(AppendError::InDoubt(_))), "{fate:?}: {answer:?}");
        assert_eq!(stored(&other).await, at_once, "{fate:?}");
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(stored(&other).await, later, "{fate:?}");
        one.append(append("y")).await.expect("one append only was to fail");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dying_client_has_sent_may_arrive() {
    let (one, _) = two().await;
    for _ in 0..100 {
        let sending = one.append(append("x"));
        assert!(tokio::time::timeout(Duration::ZERO, sending).await.is_err());
    }
    let stored = stored(&one).await;
    assert!((20..80).contains(&stored), "{stored} of 100");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_takes_the_same_time() {
    let run = async || {
        let (one, _) = two().await;
        let began = Instant::now();
        for _ in 0..50 {
            one.append(append("x")).await.expect("it is stored");
        }
        began.elapsed()
    };
    let took = run().await;
    assert_eq!(run().await, took);
    assert!(took > Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn ids_survive_a_stop_with_their_records() {
    let broker = VirtualBroker::new(Options::new(Seed(3)));
    let bench = Bench::new(broker.client("one"), "ids", Storage::Memory);
    ids_survive_a_restart_with_their_records(&bench, async {
        broker.stop();
        broker.start();
    })
    .await;
}

/// Time goes on while the broker is down.
#[tokio::test(start_paused = true)]
async fn a_stop_makes_no_window_longer() {
    let broker = VirtualBroker::new(Options::new(Seed(3)));
    let client = broker.client("one");
    let duplicate_window = Duration::from_secs(60);
    client.ensure(&StreamSpec { duplicate_window, ..spec() }).await.expect("the stream is made");
    let once = |name: &str| append("x").once(MessageId::new(name).expect("a good id"));
    let old = client.append(once("old")).await.expect("it is stored");
    tokio::time::sleep(Duration::from_secs(30)).await;
    let young = client.append(once("young")).await.expect("it is stored");
    broker.stop();
    tokio::time::sleep(Duration::from_secs(31)).await;
    broker.start();
    let again = client.append(once("old")).await;
    assert_eq!(again.expect("its window is over"), old.next().next());
    let again = client.append(once("young")).await;
    let known = matches!(again, Err(AppendError::Refused(Refusal::Duplicate(of))) if of == young);
    assert!(known, "it is half a window old: {again:?}");
}
