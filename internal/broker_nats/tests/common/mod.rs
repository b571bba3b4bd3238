//! What the tests of this room share: a server of their own, and a connection to it.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::PathBuf;
use std::time::Duration;

use broker::{Storage, StreamName, StreamSpec, Subject};
use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, find_server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The server to test with; there is no skipping.
pub async fn server_bin() -> PathBuf {
    let explicit = std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from);
    find_server(explicit.as_deref()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// An empty run directory for the test `name`.
pub fn run_dir(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    match std::fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => dir,
    }
}

/// Options for a server of the test `name`.
pub async fn options(name: &str) -> EmbeddedOptions {
    EmbeddedOptions::new(server_bin().await, run_dir(name))
}

pub async fn start(name: &str) -> Embedded {
    Embedded::start(options(name).await).await.unwrap_or_else(|error| panic!("{error}"))
}

pub fn connect_options(server: &Embedded) -> ConnectOptions {
    ConnectOptions { servers: vec![server.url()], ..ConnectOptions::default() }
}

pub async fn connect(server: &Embedded) -> NatsBroker {
    NatsBroker::connect(&connect_options(server)).await.unwrap_or_else(|error| panic!("{error}"))
}

pub fn stream(name: &str) -> StreamName {
    StreamName::new(name).expect("a good name")
}

pub fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a good name")
}

/// A stream `name` of everything below `name`.
pub fn spec(name: &str, storage: Storage) -> StreamSpec {
    StreamSpec::new(stream(name), subject(&format!("{name}.>")), storage)
}

/// Waits until `condition` holds, a few seconds at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

/// A number that the server shows on its monitoring page.
pub async fn monitored(server: &Embedded, page: &str, field: &str) -> u64 {
    let host = server.monitor_url().replace("http://", "");
    let mut stream = TcpStream::connect(host).await.expect("it listens");
    let get = format!("GET /{page} HTTP/1.0\r\n\r\n");
    stream.write_all(get.as_bytes()).await.expect("it reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).await.expect("it answers");
    let start = format!("\"{field}\":");
    let number = page.lines().find_map(|line| line.trim().strip_prefix(&start));
    let number = number.expect("it shows the number").trim().trim_end_matches(',');
    number.parse().expect("it is a number")
}
