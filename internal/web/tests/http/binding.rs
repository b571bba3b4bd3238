//! Listening: errors name the address and the key that changes it, and the end frees the port.

use std::time::Duration;

use crate::client::{Answer, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use web::{Server, WebError};

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_key() {
    let running = Running::start().await;
    let port = running.address.port();
    let error = Server::bind("127.0.0.1", port).await.err().expect("it is taken");
    assert!(matches!(error, WebError::PortTaken { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("127.0.0.1:{port} is already in use")), "{text}");
    assert!(text.contains("metrics.prometheus.port"), "{text}");

    running.stop().await;
    let again = Server::bind("127.0.0.1", port).await.expect("free again");
    assert_eq!(again.local_addr().port(), port);
}

#[tokio::test]
async fn many_on_one_machine_take_the_next_ports_that_are_free() {
    let running = Running::start().await;
    let taken = running.address.port();
    let last = taken.saturating_add(50);
    let next = Server::bind_first_free("127.0.0.1", taken..=last).await.expect("one is free");
    let port = next.local_addr().port();
    assert!((taken + 1..=last).contains(&port), "{taken} is taken, and it took {port}");
    let error = Server::bind_first_free("127.0.0.1", taken..=taken).await.err().expect("none");
    let text = error.to_string();
    assert!(text.starts_with(&format!("127.0.0.1:{taken} to {taken} is already in use")), "{text}");
    let elsewhere = Server::bind_first_free("192.0.2.1", 9_090..=9_099).await.err();
    assert!(matches!(elsewhere, Some(WebError::Address { .. })), "{elsewhere:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_host_that_is_not_here_is_named_with_its_key() {
    // Addresses for documentation: no machine has them.
    for (host, address) in [("192.0.2.1", "192.0.2.1:9090"), ("2001:db8::1", "[2001:db8::1]:9090")]
    {
        let error = Server::bind(host, 9_090).await.err().expect("not of this machine");
        let text = error.to_string();
        assert!(text.contains(address) && text.contains("metrics.prometheus.host"), "{text}");
    }
}

#[tokio::test]
async fn the_end_waits_for_no_idle_client() {
    let running = Running::start().await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    let mut halfway = TcpStream::connect(running.address).await.unwrap();
    halfway.write_all(b"GET /metrics HTTP/1.1\r\nHo").await.unwrap();
    assert_eq!(running.get("/healthz").await.status, 200, "both were taken before this one");
    let begun = Instant::now();
    running.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut bytes = [0; 8];
    let end = idle.read(&mut bytes);
    assert!(matches!(timeout(Duration::from_secs(5), end).await, Ok(Ok(0) | Err(_))));
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let kept = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{kept}{kept}{last}").as_bytes()).await.unwrap();
    let answer = Answer::read(&mut stream).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.matches("HTTP/1.1 200 OK").count(), 1);
    assert_eq!(answer.body.matches("HTTP/1.1 503 ").count(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let running = Running::start().await;
    let fields = "X-Field: 1\r\n".repeat(80);
    let long = "x".repeat(20_000);
    for request in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{fields}\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
    ] {
        assert_eq!(running.ask(&request).await.status, 431);
    }
    assert_eq!(running.get("/healthz").await.status, 200, "others are served");
    running.stop().await;
}
