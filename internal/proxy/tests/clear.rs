//! A network on which nothing is wrong.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{connect, echo, eventually, exchange, in_time, noise, proxy, rng, send_and_receive};
use proxy::{Network, Proxy};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_arrives_once_and_in_order() {
    let proxy = proxy().await;
    assert_eq!(proxy.conditions(), Network::Clear);
    let bytes = noise(8 << 20);
    let mut streams = Vec::new();
    for _ in 0..3 {
        let (mut stream, bytes) = (connect(&proxy).await, bytes.clone());
        streams.push(tokio::spawn(async move {
            assert!(send_and_receive(&mut stream, &bytes).await == bytes);
        }));
    }
    for stream in streams {
        stream.await.unwrap();
    }
    eventually("all are closed", || proxy.figures().open == 0).await;
    let figures = proxy.figures();
    let all = 3 * bytes.len() as u64;
    assert_eq!((figures.connections, figures.to_broker, figures.to_client), (3, all, all));
    assert_eq!((figures.held, figures.lost, figures.resets), (0, 0, 0));
}

#[tokio::test]
async fn one_side_may_end_before_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let proxy = Proxy::start(vec![upstream], rng()).unwrap();
    let mut client = connect(&proxy).await;
    let (mut server, _) = listener.accept().await.unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut server).await.unwrap();
    assert_eq!(in_time(client.read(&mut [0])).await.unwrap(), 0);
    tokio::io::AsyncWriteExt::write_all(&mut client, b"still here").await.unwrap();
    let mut text = [0; 10];
    server.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"still here");
    assert_eq!(proxy.figures().open, 1);
    drop(client);
    assert_eq!(in_time(server.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn addresses_are_tried_in_turn() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let proxy = Proxy::start(vec![nobody.clone(), echo().await], rng()).unwrap();
    exchange(&mut connect(&proxy).await, "hello").await;

    let proxy = Proxy::start(vec![nobody], rng()).unwrap();
    assert!(connect(&proxy).await.read(&mut [0]).await.is_err());
    assert_eq!(proxy.figures().resets, 1);
}

#[tokio::test]
async fn wrong_addresses_are_named() {
    for (upstreams, words) in [
        (vec![], "at least one address"),
        (vec!["localhost".to_owned()], "\"localhost\""),
        (vec!["127.0.0.1:4222".to_owned(), "nats://".to_owned()], "\"nats://\""),
        (vec!["host:0".to_owned()], "write host:port"),
        (vec!["host:70000".to_owned()], "write host:port"),
    ] {
        let error = Proxy::start(upstreams, rng()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_dropped_proxy_is_gone_with_its_connections() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    exchange(&mut stream, "hello").await;
    let addr = proxy.addr();
    drop(proxy);
    assert!(matches!(in_time(stream.read(&mut [0])).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn many_proxies_work_side_by_side() {
    let upstream = echo().await;
    let mut all = Vec::new();
    for n in 0..150 {
        let proxy = Proxy::start(vec![upstream.clone()], rng()).unwrap();
        let mut stream = connect(&proxy).await;
        exchange(&mut stream, &n.to_string()).await;
        all.push((proxy, stream));
    }
    for (n, (proxy, stream)) in all.iter_mut().enumerate() {
        exchange(stream, &n.to_string()).await;
        assert_eq!((proxy.figures().open, proxy.figures().resets), (1, 0));
    }
}
