//! Cut and half-open networks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use common::{connect, eventually, exchange, in_time, is_silent, noise, proxy, receive};
use proxy::{Network, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn is_reset(stream: &mut TcpStream) -> bool {
    let read = in_time(stream.read(&mut [0])).await;
    read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

/// A proxy and a connection through it that works.
async fn connected() -> (Proxy, TcpStream) {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    exchange(&mut stream, "hello").await;
    (proxy, stream)
}

#[tokio::test]
async fn a_cut_resets_connections_until_it_heals() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Network::Cut);
    assert_eq!(proxy.conditions(), Network::Cut);
    assert!(is_reset(&mut stream).await);
    for _ in 0..3 {
        // The system may tell while connecting, or after.
        if let Ok(mut stream) = TcpStream::connect(proxy.addr()).await {
            assert!(is_reset(&mut stream).await);
        }
    }
    eventually("all are counted", || proxy.figures().resets == 4).await;
    proxy.set(Network::Clear);
    exchange(&mut connect(&proxy).await, "again").await;
    assert_eq!(proxy.figures().connections, 5);
}

#[tokio::test]
async fn a_half_open_connection_is_silent_and_goes_on_when_it_heals() {
    let (proxy, mut stream) = connected().await;
    let passed_on = proxy.figures();
    proxy.set(Network::HalfOpen);
    tokio::task::yield_now().await;
    stream.write_all(b"later").await.unwrap();
    let mut second = connect(&proxy).await;
    second.write_all(b"second").await.unwrap();
    assert!(is_silent(&stream).await && is_silent(&second).await);
    let held = proxy.figures();
    assert_eq!((held.to_broker, held.to_client), (passed_on.to_broker, passed_on.to_client));
    assert_eq!((held.open, held.resets), (2, 0));
    proxy.set(Network::Clear);
    receive(&mut stream, "later").await;
    receive(&mut second, "second").await;
    exchange(&mut stream, "and on").await;
}

#[tokio::test]
async fn a_half_open_connection_holds_its_sender_back_and_loses_nothing() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Network::HalfOpen);
    let bytes = noise(32 << 20);
    let mut sent = 0;
    while let Ok(written) = timeout(Duration::from_millis(200), stream.write(&bytes[sent..])).await
    {
        sent += written.unwrap();
    }
    assert!(sent < bytes.len(), "nobody holds it back");
    proxy.set(Network::Clear);
    let received = common::send_and_receive(&mut stream, &bytes[sent..]).await;
    assert!(received == bytes);
}

#[tokio::test]
async fn what_ends_while_it_is_half_open_ends_when_it_heals() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Network::HalfOpen);
    tokio::task::yield_now().await;
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(is_silent(&stream).await);
    assert_eq!(proxy.figures().open, 1, "nobody is told");
    proxy.set(Network::Clear);
    receive(&mut stream, "last words").await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    eventually("it is closed", || proxy.figures().open == 0).await;
}

#[tokio::test]
async fn clients_that_give_up_in_silence_are_forgotten() {
    let proxy = proxy().await;
    proxy.set(Network::HalfOpen);
    // More than may be open at a time.
    for _ in 0..600 {
        drop(in_time(connect(&proxy)).await);
    }
    eventually("all are seen", || proxy.figures().connections == 600).await;
    eventually("all are closed", || proxy.figures().open == 0).await;
    proxy.set(Network::Clear);
    exchange(&mut connect(&proxy).await, "hello").await;
    assert_eq!(proxy.figures().resets, 0);
}

#[tokio::test]
async fn a_half_open_network_can_be_cut() {
    let (proxy, mut stream) = connected().await;
    proxy.set(Network::HalfOpen);
    let mut second = connect(&proxy).await;
    assert!(is_silent(&second).await);
    proxy.set(Network::Cut);
    assert!(is_reset(&mut stream).await && is_reset(&mut second).await);
}
