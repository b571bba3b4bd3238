//! What the tests of this room share: a server that echoes, and a proxy in front of it.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::time::Duration;

use model::{Rng, Seed};
use proxy::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub fn rng() -> Rng {
    Seed(11).rng("proxy")
}

/// Starts a server that sends back what it gets, and then ends; its address.
pub async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    addr.to_string()
}

pub async fn proxy() -> Proxy {
    Proxy::start(vec![echo().await], rng()).unwrap()
}

pub async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.addr()).await.unwrap()
}

/// Sends `text` and expects it back.
pub async fn exchange(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    receive(stream, text).await;
}

pub async fn receive(stream: &mut TcpStream, text: &str) {
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, text.as_bytes());
}

/// Whether nothing can be read for a moment.
pub async fn is_silent(stream: &TcpStream) -> bool {
    let mut first = [0];
    let peeked = stream.peek(&mut first);
    tokio::time::timeout(Duration::from_millis(150), peeked).await.is_err()
}

/// Some bytes that do not repeat soon.
pub fn noise(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    rand::Rng::fill_bytes(&mut Seed(3).rng("noise"), &mut bytes);
    bytes
}

/// Sends everything, ends, and reads everything, side by side.
pub async fn send_and_receive(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = stream.split();
    let send = async {
        to.write_all(bytes).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (read, ()) = tokio::join!(from.read_to_end(&mut received), send);
    read.unwrap();
    received
}

/// Waits until `condition` holds, some seconds at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

/// What comes of it, many seconds later at the most: a test that waits for ever says nothing.
pub async fn in_time<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never ends")
}
