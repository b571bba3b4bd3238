//! The server is killed (SIGKILL) under readers and writers, and started again on the same store and
//! the same port: readers go on without gap or repeat, and appends in doubt can be settled.

mod common;

use std::time::Duration;

use broker::conformance::{Bench, ids_survive_a_restart_with_their_records};
use broker::{Admin, Append, AppendError, BrokerError, Log, Reader, Seq, Start, Storage, Subject};
use broker_nats::{Embedded, EmbeddedOptions, NatsBroker, Store};
use common::{spec, stream, subject};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

/// Options for a server that keeps its store.
async fn lasting(name: &str) -> EmbeddedOptions {
    let options = common::options(name).await;
    EmbeddedOptions { store: Store::File(options.dir.join("store")), ..options }
}

async fn start(options: &EmbeddedOptions) -> Embedded {
    Embedded::start(options.clone()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Kills the server and starts another one in its place.
async fn crash(server: Embedded, options: &mut EmbeddedOptions, down: Duration) -> Embedded {
    options.port = Some(server.port());
    assert_eq!(server.kill().await.code, Some(137));
    sleep(down).await;
    start(options).await
}

/// Appends `text` until it is known to be stored, each time under the same expectation; returns its
/// sequence and how often nobody knew.
async fn settle(broker: &NatsBroker, to: &Subject, text: &str, last: Seq) -> (Seq, usize) {
    let mut doubts = 0;
    loop {
        let append = Append::new(stream("S"), to.clone(), text.to_owned()).after(last);
        match broker.append(append).await {
            Ok(seq) => return (seq, doubts),
            Err(AppendError::InDoubt(_)) => doubts += 1,
            Err(AppendError::Rejected(why)) => panic!("rejected: {why}"),
            Err(AppendError::Refused(_)) => {
                assert!(doubts > 0, "nobody else writes here");
                // So an attempt in doubt was stored.
                if let Ok(Some(record)) = broker.last(&stream("S"), to).await {
                    assert!(record.payload == text, "{record:?} instead of {text}");
                    assert!(record.seq > last);
                    return (record.seq, doubts);
                }
            }
        }
    }
}

async fn write(broker: NatsBroker, to: Subject, count: usize) -> usize {
    let (mut last, mut doubts) = (Seq::NONE, 0);
    for n in 0..count {
        let (seq, more) = settle(&broker, &to, &n.to_string(), last).await;
        (last, doubts) = (seq, doubts + more);
        if n % 8 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    doubts
}

async fn read(mut reader: impl Reader, count: usize) -> Vec<(Seq, String, String)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let record = reader.next().await.expect("the stream is there");
        let text = String::from_utf8_lossy(&record.payload).into_owned();
        seen.push((record.seq, record.subject.leaf().to_owned(), text));
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_and_readers_go_on_after_crashes() {
    const WRITERS: usize = 6;
    const EACH: usize = 2000;
    let mut options = lasting("restart-busy").await;
    let mut server = start(&options).await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");

    let mut readers = Vec::new();
    for start in [Start::At(Seq(1)), Start::LastPerSubject] {
        let reader = broker.read(&stream("S"), vec![subject("S.*")], start).await;
        let reader = read(reader.expect("a reader"), WRITERS * EACH);
        readers.push(tokio::spawn(timeout(PATIENCE, reader)));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(broker.clone(), subject(&format!("S.{n}")), EACH)))
        .collect();
    for down in [0, 300] {
        sleep(Duration::from_millis(200)).await;
        server = crash(server, &mut options, Duration::from_millis(down)).await;
    }
    let mut doubts = 0;
    for writer in writers {
        doubts += timeout(PATIENCE, writer).await.expect("it goes on").expect("no panic");
    }
    assert!(doubts > 0, "the crashes hit nobody");

    // Whatever was in doubt, every record is stored exactly once, and every reader saw it once.
    let expected: Vec<_> = (1..=(WRITERS * EACH) as u64).map(Seq).collect();
    for reader in readers {
        let seen = reader.await.expect("no panic").expect("it goes on");
        assert_eq!(seen.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), expected);
        for writer in 0..WRITERS {
            let own = seen.iter().filter(|(_, leaf, _)| *leaf == writer.to_string());
            assert!(own.map(|(.., text)| text.clone()).eq((0..EACH).map(|n| n.to_string())));
        }
    }
    let state = broker.state(&stream("S")).await.expect("an answer").expect("the stream");
    assert_eq!(state.records, (WRITERS * EACH) as u64);
}

#[tokio::test]
async fn idle_readers_wake_up_after_a_crash() {
    let mut options = lasting("restart-idle").await;
    let server = start(&options).await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");
    for n in 0..3 {
        let append = Append::new(stream("S"), subject("S.a"), n.to_string());
        broker.append(append).await.expect("it is stored");
    }
    // One that has read all, one that has read nothing yet, two that never had anything to read.
    let mut readers = Vec::new();
    for (filter, start, first) in [
        ("S.a", Start::At(Seq(1)), "new"),
        ("S.a", Start::LastPerSubject, "new"),
        ("S.b", Start::At(Seq(1)), "other"),
        ("S.b", Start::LastPerSubject, "other"),
    ] {
        let reader = broker.read(&stream("S"), vec![subject(filter)], start).await;
        readers.push((reader.expect("a reader"), first));
    }
    for _ in 0..3 {
        readers[0].0.next().await.expect("three are there");
    }
    let _server = crash(server, &mut options, Duration::from_millis(200)).await;
    let write = async {
        for (to, text) in [("S.a", "new"), ("S.b", "other")] {
            let (_, _) = settle_any(&broker, &subject(to), text).await;
        }
    };
    timeout(PATIENCE, write).await.expect("the broker is back");
    for (mut reader, first) in readers {
        let record = timeout(PATIENCE, reader.next()).await.expect("it wakes up");
        assert_eq!(record.expect("the stream is there").payload, first);
    }
}

/// Appends after whatever is there.
async fn settle_any(broker: &NatsBroker, to: &Subject, text: &str) -> (Seq, usize) {
    let last = loop {
        match broker.last(&stream("S"), to).await {
            Ok(last) => break last.map_or(Seq::NONE, |record| record.seq),
            Err(BrokerError::Unavailable(_)) => sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    };
    settle(broker, to, text, last).await
}

#[tokio::test]
async fn memory_streams_are_gone_after_a_crash() {
    let mut options = common::options("restart-memory").await;
    let server = start(&options).await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::Memory)).await.expect("a stream");
    let mut reader = broker.read(&stream("S"), vec![subject("S.>")], Start::At(Seq(1))).await;
    let reader = reader.as_mut().expect("a reader");
    let _server = crash(server, &mut options, Duration::ZERO).await;
    let next = timeout(PATIENCE, reader.next()).await.expect("it notices");
    assert!(matches!(next, Err(BrokerError::Gone(_))), "{next:?}");
    let append = Append::new(stream("S"), subject("S.a"), "x");
    let append = broker.append(append).await;
    assert!(matches!(append, Err(AppendError::Rejected(_))), "{append:?}");
}

#[tokio::test]
async fn requests_during_an_outage_end_in_time() {
    let options = lasting("restart-outage").await;
    let server = start(&options).await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");
    server.kill().await;
    let append = Append::new(stream("S"), subject("S.a"), "x");
    let append = timeout(Duration::from_secs(4), broker.append(append)).await.expect("in time");
    assert!(matches!(append, Err(AppendError::InDoubt(_))), "{append:?}");
    let (ours, a) = (stream("S"), subject("S.a"));
    let last = timeout(Duration::from_secs(4), broker.last(&ours, &a)).await.expect("in time");
    assert!(matches!(last, Err(BrokerError::Unavailable(_))), "{last:?}");
}

#[tokio::test]
async fn ids_survive_a_crash_with_their_records() {
    let mut options = lasting("restart-ids").await;
    let server = start(&options).await;
    let bench = Bench::new(common::connect(&server).await, "ids", Storage::File);
    let restart = crash(server, &mut options, Duration::ZERO);
    let _server = ids_survive_a_restart_with_their_records(&bench, restart).await;
}
