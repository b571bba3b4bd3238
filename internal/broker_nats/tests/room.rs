//! A server with room for a stream once, not twice.

mod common;

use broker::{Admin, Storage, StreamSpec};
use broker_nats::Embedded;

/// Half of the server's room and a little more.
const BYTES: u64 = 6_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_there_needs_no_room_again() {
    let mut options = common::options("room").await;
    options.max_memory = Some(10_000_000);
    let server = Embedded::start(options).await.expect("it starts");
    let broker = common::connect(&server).await;
    let spec = StreamSpec { max_bytes: Some(BYTES), ..common::spec("room", Storage::Memory) };
    broker.ensure(&spec).await.expect("there is room");
    broker.ensure(&spec).await.expect("it is there");
    let second = StreamSpec { max_bytes: Some(BYTES), ..common::spec("second", Storage::Memory) };
    assert!(broker.ensure(&second).await.is_err(), "there is no room for a second one");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_creates_a_stream_at_the_same_time_finds_it() {
    let mut options = common::options("room-race").await;
    options.max_memory = Some(10_000_000);
    let server = Embedded::start(options).await.expect("it starts");
    let mut brokers = Vec::new();
    for _ in 0..8 {
        brokers.push(common::connect(&server).await);
    }
    for round in 0..40 {
        let name = format!("race{round}");
        let spec = StreamSpec { max_bytes: Some(BYTES), ..common::spec(&name, Storage::Memory) };
        let created = brokers.iter().map(|broker| broker.ensure(&spec));
        for outcome in futures_util::future::join_all(created).await {
            outcome.expect("one of them creates it, the others find it");
        }
        brokers[0].delete(&spec.name).await.expect("it is gone");
    }
}
