//! Where a cluster of three differs from a server that decides alone.

mod common;

use broker::Storage;
use broker::conformance::{Bench, several_servers_look_at_the_id_first};
use broker_nats::{ConnectOptions, Embedded, NatsBroker};

#[tokio::test]
async fn ids_are_looked_at_first() {
    let mut options = Vec::new();
    for index in 0..3 {
        options.push(common::options(&format!("cluster-{index}")).await);
    }
    let servers = Embedded::start_cluster(&options).await.unwrap_or_else(|error| panic!("{error}"));
    let urls = servers.iter().map(Embedded::url).collect();
    let options = ConnectOptions { servers: urls, ..ConnectOptions::default() };
    let broker = NatsBroker::connect(&options).await.unwrap_or_else(|error| panic!("{error}"));
    several_servers_look_at_the_id_first(&Bench::new(broker, "ids", Storage::Memory)).await;
}
