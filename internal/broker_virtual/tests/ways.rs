//! How long the ways are, and what the broker's clock shows meanwhile: its own time for each thing, though
//! whoever waits is woken at the end of a millisecond.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use broker::{Admin, Log, Reader, Seq, Start};
use broker_virtual::{Options, VirtualBroker};
use common::{append, spec, stream, subject};
use model::{Network, Seed};
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);
const US: Duration = Duration::from_micros(1);

/// Every way takes so long.
fn always(way: Duration) -> Options {
    Options { latency_min: way, latency_max: way, ..Options::new(Seed(5)) }
}

async fn world(options: Options) -> VirtualBroker {
    let broker = VirtualBroker::new(options);
    broker.client("admin").ensure(&spec()).await.unwrap();
    broker
}

/// What is stored, and when by the broker's clock, in microseconds.
fn stored(broker: &VirtualBroker) -> Vec<(String, i64)> {
    let text = |payload: &[u8]| String::from_utf8_lossy(payload).into_owned();
    let records = broker.records(&stream(), Seq(1)).into_iter();
    records.map(|record| (text(&record.payload), record.stored_at_us)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_follows_within_a_millisecond_happens_in_it() {
    for (way, heard) in [(300, 1), (400, 1), (700, 2), (1_000, 2), (1_100, 3)] {
        let broker = world(always(US * way)).await;
        let (client, other) = (broker.client("c"), broker.client("d"));
        let filters = vec![subject("s.>")];
        let mut reader = other.read(&stream(), filters, Start::At(Seq(1))).await.unwrap();
        let reading = tokio::spawn(async move {
            let record = reader.next().await.unwrap();
            (record.stored_at_us, Instant::now())
        });
        sleep(MS).await;
        let (began, sent_at) = (Instant::now(), broker.clock().now());
        client.append(append(1)).await.unwrap();
        assert_eq!(began.elapsed(), MS * heard, "there and back, with ways of {way} µs");
        let (stored_at, came_at) = reading.await.unwrap();
        assert_eq!(stored_at - sent_at.0, i64::from(way), "it is stored when it arrives");
        assert_eq!(came_at - began, MS * heard, "to another one, with ways of {way} µs");
    }
}

#[tokio::test(start_paused = true)]
async fn records_bear_the_time_of_the_broker() {
    let broker = world(Options::new(Seed(5))).await;
    let client = broker.client("c");
    for n in 0..3 {
        client.append(append(n)).await.unwrap();
        let now = broker.clock().now();
        let last = client.last(&stream(), &subject("s.>")).await.unwrap().unwrap();
        let age = now.0 - last.stored_at_us;
        // Whoever waits hears at the end of a millisecond.
        assert!((50..4_000).contains(&age), "its answer was under way for {age} µs");
        sleep(HOUR).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_broker_does_not_go_back() {
    let broker = world(always(US * 500)).await;
    let (silent, other) = (broker.client("silent"), broker.client("other"));
    broker.set_network("silent", Network::HalfOpen);
    let held_up = tokio::spawn(async move { silent.append(append("held up")).await });
    let healing = broker.clone();
    let healed = tokio::spawn(async move {
        sleep(MS * 5).await;
        healing.set_network("silent", Network::Clear);
        healing.clock().now()
    });
    sleep(MS * 4).await;
    other.append(append("due before")).await.unwrap();
    held_up.await.unwrap().unwrap();
    let healed_at = healed.await.unwrap().0;
    let expected = [("held up".to_owned(), healed_at), ("due before".to_owned(), healed_at)];
    assert_eq!(stored(&broker), expected, "let through first, and the other one not before it");
}
