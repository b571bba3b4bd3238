//! A server that comes back in its place: its records stay, its clients go on, and only an end that
//! nobody asked for counts as its death.

mod common;

use std::sync::Arc;
use std::time::Duration;

use broker::{Admin, Append, AppendError, BrokerError, Log, Seq, Storage};
use broker_nats::{ConnectOptions, EmbeddedError, EmbeddedOptions, Managed, NatsBroker, Store};
use common::{spec, stream, subject};
use futures_util::FutureExt;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

async fn launch(name: &str) -> Arc<Managed> {
    let options = common::options(name).await;
    let store = Store::File(options.dir.join("store"));
    let server = Managed::launch(EmbeddedOptions { store, ..options }).await;
    Arc::new(server.unwrap_or_else(|error| panic!("{error}")))
}

async fn connect(server: &Managed) -> NatsBroker {
    let options = ConnectOptions { servers: vec![server.url()], ..ConnectOptions::default() };
    NatsBroker::connect(&options).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn append(broker: &NatsBroker, text: &str) -> Result<Seq, AppendError> {
    broker.append(Append::new(stream("S"), subject("S.a"), text.to_owned())).await
}

/// What was stored last, as soon as there is an answer.
async fn last(broker: &NatsBroker) -> String {
    let ask = async {
        loop {
            match broker.last(&stream("S"), &subject("S.a")).await {
                Ok(last) => return last.map(|record| record.payload),
                Err(BrokerError::Unavailable(_)) => sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let payload = timeout(PATIENCE, ask).await.expect("it is back").expect("a record");
    String::from_utf8_lossy(&payload).into_owned()
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().expect("a number")).expect("a process");
    kill_process(pid, Signal::KILL).expect("it is ours");
}

#[tokio::test]
async fn records_and_clients_survive_both_ends() {
    let server = launch("managed").await;
    let (url, log) = (server.url(), server.log_path().to_owned());
    let broker = connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");
    append(&broker, "first").await.expect("it is stored");
    for (text, before, code, kill) in [("stop", "first", 0, false), ("kill", "stop", 137, true)] {
        let pid = server.pid().expect("it runs");
        let exit = if kill { server.kill().await } else { server.stop().await };
        assert_eq!((exit.code, server.pid()), (Some(code), None));
        // Again is no other end.
        assert_eq!((server.stop().await, server.kill().await), (exit, exit));
        server.start().await.expect("it starts again");
        server.start().await.expect("it runs");
        assert_ne!(server.pid().expect("it runs"), pid);
        assert_eq!((server.url(), server.log_path()), (url.clone(), log.as_path()));
        assert_eq!(last(&broker).await, before);
        append(&broker, text).await.expect("the connection goes on");
    }
    assert_eq!(last(&connect(&server).await).await, "kill");
    assert_eq!(std::fs::read_to_string(log).expect("a log").matches("Server is ready").count(), 3);
}

#[tokio::test]
async fn only_an_end_that_nobody_asked_for_is_a_death() {
    let server = launch("managed-died").await;
    let watched = server.clone();
    let mut died = tokio::spawn(async move { watched.died().await });
    for _ in 0..2 {
        server.stop().await;
        server.start().await.expect("it starts again");
        server.kill().await;
        assert!(server.died().now_or_never().is_none());
        server.start().await.expect("it starts again");
    }
    assert!(timeout(Duration::from_millis(100), &mut died).await.is_err(), "each was asked for");

    kill(server.pid().expect("it runs"));
    let exit = timeout(PATIENCE, died).await.expect("it is noticed").expect("no panic");
    assert_eq!(exit.code, Some(137));
    assert_eq!((server.pid(), server.died().await), (None, exit));
    assert_eq!((server.stop().await, server.died().await), (exit, exit));
    server.start().await.expect("it starts again");
    assert!(server.died().now_or_never().is_none(), "that was before");
}

#[tokio::test]
async fn a_death_is_told_even_if_it_is_mended_first() {
    let server = launch("managed-mended").await;
    let mut died = std::pin::pin!(server.died());
    assert!(died.as_mut().now_or_never().is_none());
    kill(server.pid().expect("it runs"));
    while server.pid().is_some() {
        sleep(Duration::from_millis(5)).await;
    }
    server.start().await.expect("it starts again");
    let exit = timeout(PATIENCE, died).await.expect("whoever waited is told");
    assert_eq!(exit.code, Some(137));
}

#[tokio::test]
async fn without_a_kept_store_it_does_not_come_back() {
    let server = Managed::launch(common::options("managed-memory").await).await;
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    server.start().await.expect("it runs");
    server.kill().await;
    let error = server.start().await.expect_err("its streams are gone");
    assert!(matches!(error, EmbeddedError::NotKept));
    assert!(error.to_string().contains("Store::File"), "{error}");
}

#[tokio::test]
async fn those_who_start_and_end_it_wait_for_each_other() {
    let server = launch("managed-turns").await;
    let (stopped, started, killed) = tokio::join!(server.stop(), server.start(), server.kill());
    assert_eq!((stopped.code, killed.code), (Some(0), Some(137)));
    started.expect("it starts again");
    assert_eq!(server.pid(), None);
}
