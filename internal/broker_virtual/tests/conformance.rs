//! The port's conformance suite on the broker in memory, as it is and behind a thawed freezer.

use broker::conformance::Bench;
use broker::{Freezable, Freezer, Storage};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use model::Seed;

fn client() -> VirtualLog {
    VirtualBroker::new(Options::new(Seed(1))).client("bench")
}

mod plain {
    use super::*;

    async fn bench(name: &str) -> Bench<VirtualLog> {
        Bench::new(client(), name, Storage::Memory)
    }

    broker::conformance_tests!(
        #[tokio::test(start_paused = true)]
        bench
    );
}

mod thawed {
    use super::*;

    async fn bench(name: &str) -> Bench<Freezable<VirtualLog>> {
        let freezer = Freezer::default();
        freezer.freeze();
        freezer.thaw();
        Bench::new(Freezable::new(client(), freezer), name, Storage::Memory)
    }

    broker::conformance_tests!(
        #[tokio::test(start_paused = true)]
        bench
    );
}

/// One in memory stands for several servers where a stream is on several.
#[tokio::test(start_paused = true)]
async fn several_servers_look_at_the_id_first() {
    let bench = Bench::new(client(), "ids", Storage::Memory);
    broker::conformance::several_servers_look_at_the_id_first(&bench).await;
}
