//! Where a cluster of three differs from a server that decides alone.

mod common;

use std::net::TcpListener;

use broker::Storage;
use broker::conformance::{Bench, several_servers_look_at_the_id_first};
use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker};
use futures_util::future::try_join_all;

const SERVERS: usize = 3;
/// How often it is started until each of its servers has its ports: others take ports meanwhile.
const TRIES: u32 = 5;

async fn try_start() -> Result<Vec<Embedded>, String> {
    let held: Vec<_> = (0..SERVERS)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port"))
        .collect();
    let ports: Vec<_> =
        held.iter().map(|held| held.local_addr().expect("it has one").port()).collect();
    drop(held);
    let routes: Vec<_> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
    let mut starting = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let extra_config = format!(
            "server_name: s{index}\n\
             cluster {{ name: c, listen: \"127.0.0.1:{port}\", routes: [{}] }}",
            routes.join(", ")
        );
        let options = common::options(&format!("cluster-{index}")).await;
        starting.push(Embedded::start(EmbeddedOptions { extra_config, ..options }));
    }
    try_join_all(starting).await.map_err(|error| error.to_string())
}

async fn start() -> Vec<Embedded> {
    let mut tries = 1;
    loop {
        match try_start().await {
            Ok(servers) => return servers,
            Err(error) => assert!(tries < TRIES, "{error}"),
        }
        tries += 1;
    }
}

#[tokio::test]
async fn ids_are_looked_at_first() {
    let servers = start().await;
    let urls = servers.iter().map(Embedded::url).collect();
    let options = ConnectOptions { servers: urls, ..ConnectOptions::default() };
    let broker = NatsBroker::connect(&options).await.unwrap_or_else(|error| panic!("{error}"));
    several_servers_look_at_the_id_first(&Bench::new(broker, "ids", Storage::Memory)).await;
}
