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
