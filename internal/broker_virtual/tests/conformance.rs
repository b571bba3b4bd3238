//! The port's conformance suite on the broker in memory.

use broker::Storage;
use broker::conformance::Bench;
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use model::Seed;

async fn bench(name: &str) -> Bench<VirtualLog> {
    let broker = VirtualBroker::new(Options::new(Seed(1)));
    Bench::new(broker.client("bench"), name, Storage::Memory)
}

broker::conformance_tests!(
    #[tokio::test(start_paused = true)]
    bench
);
