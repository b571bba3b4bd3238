//! The run as it happens, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use chaos::Control;
use config::Config;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::Running;
use crate::run::{claimed, run};

/// One who listens.
struct Listener {
    stream: TcpStream,
    text: String,
}

impl Listener {
    async fn begin(running: &Running) -> Self {
        let mut stream = TcpStream::connect(running.address).await.expect("a connection");
        let request = format!("GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", running.address);
        stream.write_all(request.as_bytes()).await.expect("a request");
        Self { stream, text: String::new() }
    }

    /// Reads until `wanted` is there, and gives back what the event says that it is in.
    async fn until(&mut self, wanted: &str) -> Value {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let end = self.text.find(wanted).and_then(|at| {
                let from = self.text[at..].find("data: ")? + at + 6;
                Some((from, self.text[from..].find("\n\n")? + from))
            });
            if let Some((from, end)) = end {
                let event = serde_json::from_str(&self.text[from..end]).expect("JSON");
                self.text.drain(..end);
                return event;
            }
            let read = self.stream.read(&mut bytes);
            let read = timeout(Duration::from_secs(20), read).await.expect("more").expect("more");
            assert!(read > 0, "it ended: {}", self.text);
            self.text += std::str::from_utf8(&bytes[..read]).expect("text");
        }
    }
}

#[tokio::test]
async fn a_snapshot_then_what_changes_and_a_snapshot_again() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    running.shared.happened(&[claimed("w-0", 2, 1, 1)]);
    let mut listener = Listener::begin(&running).await;
    let snapshot = listener.until("event: snapshot").await;
    assert!(listener.text.is_empty() || !listener.text.contains("event: delta"));
    assert_eq!((&snapshot["run"]["seed"], &snapshot["by_hand"]), (&7.into(), &"none".into()));
    assert_eq!(snapshot["seats"], serde_json::json!([[2, 0, 1.0, 1]]));

    running.shared.happened(&[claimed("w-1", 2, 2, 3)]);
    let delta = listener.until("event: delta").await;
    assert_eq!(delta["seats"], serde_json::json!([[2, 1, 3.0, 1]]));
    assert_eq!(delta["run"], Value::Null);
    assert!(delta["version"].as_u64() > snapshot["version"].as_u64());

    let again = Listener::begin(&running).await.until("event: snapshot").await;
    assert_eq!(again["version"], delta["version"]);
    assert_eq!(again["members"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn it_is_a_stream_of_events_that_nobody_keeps() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    let mut listener = Listener::begin(&running).await;
    listener.until("text/event-stream").await;
    let running = Running::start().await;
    running.shared.set_run(run(4));
    let mut head = Listener::begin(&running).await;
    let mut bytes = vec![0; 4096];
    let read = head.stream.read(&mut bytes).await.expect("a head");
    let text = String::from_utf8_lossy(&bytes[..read]).to_lowercase();
    assert!(
        text.starts_with("http/1.1 200 ok") && text.contains("cache-control: no-store"),
        "{text}"
    );
}

#[tokio::test]
async fn those_beyond_the_limit_are_told_to_come_again() {
    let running = Running::start().await;
    running.shared.set_run(run(4));
    let mut listeners = Vec::new();
    for _ in 0..48 {
        let mut listener = Listener::begin(&running).await;
        listener.until("event: snapshot").await;
        listeners.push(listener);
    }
    let refused = running.get("/live").await;
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("5")));
    assert_eq!(running.get("/healthz").await.status, 200, "others are served all the same");
}

#[tokio::test]
async fn whoever_does_not_read_holds_up_nobody() {
    let running = Running::start().await;
    running.shared.set_run(run(1_500));
    let _deaf = Listener::begin(&running).await;
    let mut listener = Listener::begin(&running).await;
    listener.until("event: snapshot").await;
    // More than what fits between here and the one who does not read.
    for round in 0..200_u64 {
        let events: Vec<_> =
            (0..1_500).map(|p| claimed("w-0", p, round * 1_500 + u64::from(p) + 1, 1)).collect();
        running.shared.happened(&events);
    }
    let delta = listener.until("event: delta").await;
    assert!(!delta["seats"].as_array().expect("seats").is_empty());
}

#[tokio::test]
async fn it_says_who_may_break_the_run() {
    for (host, token, allowed) in [
        ("127.0.0.1", None, "open"),
        ("0.0.0.0", Some("s3cret"), "token"),
        ("0.0.0.0", None, "none"),
    ] {
        let running = Running::on(host).await;
        running.shared.set_run(run(4));
        let (control, _commands) = Control::new(Arc::new(Config::default()));
        running.shared.set_chaos(control, token.map(str::to_owned));
        let snapshot = Listener::begin(&running).await.until("event: snapshot").await;
        assert_eq!(snapshot["by_hand"], allowed, "{host} {token:?}");
        assert!(!snapshot.to_string().contains("s3cret"));
    }
}

#[tokio::test]
async fn without_a_run_there_is_nothing_to_look_at() {
    let running = Running::start().await;
    for path in ["/", "/live"] {
        let answer = running.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("coordinator"), "{answer:?}");
    }
}
