//! A member's connection to a real nats-server through everything that a network can be: appends go
//! on when it heals, and every one is stored once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use broker::{
    Admin, Append, AppendError, Log, Reader, Seq, Start, Storage, StreamName, StreamSpec, Subject,
};
use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, find_server};
use proxy::{Network, Proxy};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);
const MS: Duration = Duration::from_millis(1);

async fn server(dir: PathBuf) -> Embedded {
    let explicit = std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from);
    let bin = find_server(explicit.as_deref()).await.unwrap_or_else(|error| panic!("{error}"));
    Embedded::start(EmbeddedOptions::new(bin, dir)).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn connect(url: String) -> NatsBroker {
    let options = ConnectOptions {
        servers: vec![url],
        // Short, so that many are in doubt.
        request_timeout: 250 * MS,
        ..ConnectOptions::default()
    };
    NatsBroker::connect(&options).await.unwrap()
}

fn stream() -> StreamName {
    StreamName::new("S").unwrap()
}

/// Appends 0, 1, 2, … until it is told to end, each until it is known to be stored; tells how many
/// are. Returns how often nobody knew.
async fn write(broker: NatsBroker, stored: watch::Sender<u64>, end: watch::Receiver<bool>) -> u64 {
    let subject = Subject::new("S.a").unwrap();
    let (mut last, mut doubts) = (Seq::NONE, 0);
    while !*end.borrow() {
        let text = stored.borrow().to_string();
        last = loop {
            let append = Append::new(stream(), subject.clone(), text.clone()).after(last);
            match broker.append(append).await {
                Ok(seq) => break seq,
                Err(AppendError::InDoubt(_)) => doubts += 1,
                Err(AppendError::Rejected(why)) => panic!("rejected: {why}"),
                // One of those in doubt was stored.
                Err(AppendError::Refused(_)) => {
                    if let Ok(Some(record)) = broker.last(&stream(), &subject).await {
                        assert!(record.payload == text && record.seq > last, "{record:?}");
                        break record.seq;
                    }
                }
            }
        };
        stored.send_modify(|stored| *stored += 1);
        sleep(MS).await;
    }
    doubts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_survive_every_network() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path().join("nats")).await;
    let direct = connect(server.url()).await;
    direct
        .ensure(&StreamSpec::new(stream(), Subject::new("S.>").unwrap(), Storage::Memory))
        .await
        .unwrap();
    let upstream = server.url().trim_start_matches("nats://").to_owned();
    let proxy = Proxy::start(vec![upstream], common::rng()).unwrap();
    let member = connect(format!("nats://{}", proxy.addr())).await;
    let (stored, mut progress) = watch::channel(0);
    let (end, ended) = watch::channel(false);
    let writer = tokio::spawn(write(member, stored, ended));

    let delayed = Network::Delayed { delay: 20 * MS, jitter: 20 * MS };
    for conditions in [
        Network::Cut,
        delayed,
        Network::HalfOpen,
        Network::Lossy { loss: 0.05 },
        Network::HalfOpen,
        Network::Cut,
        Network::Clear,
    ] {
        proxy.set(conditions);
        if matches!(conditions, Network::Cut | Network::HalfOpen) {
            // What was on its way arrives or does not; then nothing does, by whatever way.
            sleep(100 * MS).await;
            let before = direct.state(&stream()).await.unwrap().unwrap().records;
            sleep(600 * MS).await;
            let after = direct.state(&stream()).await.unwrap().unwrap().records;
            assert_eq!(before, after, "{conditions:?} lets appends through");
        } else {
            let goal = *progress.borrow() + 20;
            let goes_on = progress.wait_for(|stored| *stored >= goal);
            timeout(PATIENCE, goes_on).await.expect("it goes on").unwrap();
        }
    }
    end.send(true).unwrap();
    let doubts = timeout(PATIENCE, writer).await.unwrap().unwrap();
    assert!(doubts > 0, "the network hit nobody");
    let figures = proxy.figures();
    assert!(figures.connections >= 3 && figures.resets >= 2 && figures.held > 0, "{figures:?}");

    let records = direct.state(&stream()).await.unwrap().unwrap().records;
    assert_eq!(records, *progress.borrow());
    let all = vec![Subject::new("S.>").unwrap()];
    let mut reader = direct.read(&stream(), all, Start::At(Seq(1))).await.unwrap();
    for n in 0..records {
        let record = timeout(PATIENCE, reader.next()).await.unwrap().unwrap();
        assert_eq!((record.seq, &record.payload[..]), (Seq(n + 1), n.to_string().as_bytes()));
    }
}
