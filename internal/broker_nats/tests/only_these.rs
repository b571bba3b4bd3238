//! A client stays with the servers that it was told, whatever they say about others: a proxy in
//! front of a server must not be got around.

use std::time::Duration;

use broker_nats::{ConnectOptions, NatsBroker};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Greets a client, speaks of another server, answers a question about JetStream, and ends when it
/// has done so, or at once when the client has been here before.
async fn greet(listener: &TcpListener, other: u16, before: bool) {
    let (mut stream, _) = listener.accept().await.expect("a client");
    let info = format!(
        "INFO {{\"server_id\":\"A\",\"server_name\":\"a\",\"version\":\"2.12.0\",\"go\":\"\",\
         \"host\":\"127.0.0.1\",\"port\":1,\"headers\":true,\"max_payload\":1048576,\"proto\":1,\
         \"client_id\":1,\"jetstream\":true,\"connect_urls\":[\"127.0.0.1:{other}\"]}}\r\n"
    );
    stream.write_all(info.as_bytes()).await.expect("it listens");
    let (from, mut to) = stream.split();
    let mut lines = BufReader::new(from).lines();
    let mut inbox = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<_> = line.split(' ').collect();
        let answer = match words[..] {
            ["PING"] if before => return,
            ["PING"] => "PONG\r\n".to_owned(),
            ["SUB", .., sid] => {
                inbox = sid.to_owned();
                continue;
            }
            [_, "$JS.API.INFO", reply, ..] => format!("MSG {reply} {inbox} 2\r\n{{}}\r\n"),
            _ => continue,
        };
        to.write_all(answer.as_bytes()).await.expect("it listens");
        if answer.starts_with("MSG") {
            return;
        }
    }
}

#[tokio::test]
async fn servers_that_are_only_told_of_are_left_alone() {
    let named = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let told_of = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let servers = vec![format!("nats://127.0.0.1:{}", port(&named))];
    let options = ConnectOptions { servers, ..ConnectOptions::default() };
    let other = port(&told_of);
    let (broker, ()) = tokio::join!(NatsBroker::connect(&options), greet(&named, other, false));
    let _broker = broker.expect("it is let in");
    let greet_again_and_again = async {
        for _ in 0..4 {
            greet(&named, other, true).await;
        }
    };
    tokio::select! {
        biased;
        _ = told_of.accept() => panic!("it connects to a server that nobody named"),
        greeted = timeout(PATIENCE, greet_again_and_again) => greeted.expect("it comes back"),
    }
}
