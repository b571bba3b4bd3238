//! The port's conformance suite on a real nats-server.

mod common;

use broker::Storage;
use broker::conformance::Bench;
use broker_nats::{Embedded, NatsBroker};
use tokio::sync::OnceCell;

/// One server for all tests of this file. Statics are not dropped; it dies with this process.
static SERVER: OnceCell<Embedded> = OnceCell::const_new();

async fn bench(name: &str) -> Bench<NatsBroker> {
    let server = SERVER.get_or_init(|| common::start("conformance")).await;
    Bench::new(common::connect(server).await, name, Storage::Memory)
}

broker::conformance_tests!(
    #[tokio::test]
    bench
);
