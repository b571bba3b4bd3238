//! Slow and lossy networks, in tokio's paused time: waits cost nothing, sockets are real.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{
    connect, eventually, exchange, in_time, is_silent, noise, proxy, receive, send_and_receive,
};
use proxy::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

fn delayed(delay: Duration, jitter: Duration) -> Network {
    Network::Delayed { delay, jitter }
}

#[tokio::test(start_paused = true)]
async fn delays_add_up_both_ways() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    exchange(&mut stream, "hello").await;
    proxy.set(delayed(HOUR, HOUR / 4));
    for _ in 0..5 {
        let begin = Instant::now();
        exchange(&mut stream, "hello").await;
        // The clock ticks in milliseconds.
        assert!(begin.elapsed() >= HOUR * 3 / 2 && begin.elapsed() <= HOUR * 5 / 2 + 10 * MS);
    }
    assert_eq!(proxy.figures().held, 10);
}

#[tokio::test(start_paused = true)]
async fn messages_are_delayed_side_by_side_and_in_order() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.set(delayed(HOUR, HOUR / 2));
    let begin = Instant::now();
    let mut all = String::new();
    for n in 0..200 {
        let text = format!("{n},");
        stream.write_all(text.as_bytes()).await.unwrap();
        all.push_str(&text);
        tokio::time::sleep(HOUR / 1000).await;
    }
    receive(&mut stream, &all).await;
    assert!(begin.elapsed() < HOUR * 4, "{:?} for 200 messages", begin.elapsed());
    assert!(proxy.figures().held > 200, "they went one by one");
}

#[tokio::test]
async fn what_is_under_way_arrives_when_conditions_change() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    exchange(&mut stream, "hello").await;
    for next in [Network::Clear, Network::Lossy { loss: 0.0 }, delayed(MS, MS)] {
        proxy.set(delayed(HOUR, Duration::ZERO));
        let held = proxy.figures().held;
        stream.write_all(b"later").await.unwrap();
        eventually("it is held", || proxy.figures().held > held).await;
        assert!(is_silent(&stream).await);
        proxy.set(Network::HalfOpen);
        assert!(is_silent(&stream).await);
        proxy.set(next);
        in_time(receive(&mut stream, "later")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn losses_are_late_and_nothing_is_missing() {
    let proxy = proxy().await;
    proxy.set(Network::Lossy { loss: 0.02 });
    let bytes = noise(1 << 20);
    let begin = Instant::now();
    let received = send_and_receive(&mut connect(&proxy).await, &bytes).await;
    assert!(received == bytes);
    let figures = proxy.figures();
    let segments = 2 * bytes.len() as u64 / 1460;
    assert!(figures.lost > segments / 100 && figures.lost < segments / 25, "{figures:?}");
    assert!(figures.held > figures.lost && figures.resets == 0, "{figures:?}");
    assert!(begin.elapsed() >= 200 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_everything_is_lost_is_reset_in_the_end() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    exchange(&mut stream, "hello").await;
    proxy.set(Network::Lossy { loss: 1.0 });
    let begin = Instant::now();
    stream.write_all(b"never").await.unwrap();
    assert!(stream.read(&mut [0]).await.is_err());
    // 200 ms, and five times twice as long as before.
    assert!(begin.elapsed() >= 200 * 63 * MS, "{:?}", begin.elapsed());
    assert_eq!((proxy.figures().lost, proxy.figures().resets), (6, 1));
}
