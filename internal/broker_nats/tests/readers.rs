//! Readers in numbers and under strain, and streams at their limits: what the port's suite cannot ask
//! of every broker.

mod common;

use std::time::Duration;

use broker::{Admin, Append, AppendError, Log, Reader, Seq, Start, Storage, StreamSpec};
use common::{monitored, spec, stream, subject};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    const COUNT: usize = 3000;
    let server = common::start("slow-reader").await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::Memory)).await.expect("a stream");
    let reader = broker.read(&stream("S"), vec![subject("S.>")], Start::At(Seq(1))).await;
    let mut reader = reader.expect("a reader");
    let appends = (0..COUNT)
        .map(|n| broker.append(Append::new(stream("S"), subject("S.a"), vec![n as u8; 2000])));
    for append in futures_util::future::join_all(appends).await {
        append.expect("it is stored");
    }
    for n in 1..=COUNT {
        if n % 500 == 0 {
            sleep(Duration::from_millis(100)).await;
        }
        let record = timeout(PATIENCE, reader.next()).await.expect("it comes");
        let record = record.expect("the stream is there");
        assert_eq!((record.seq, record.pending), (Seq(n as u64), (COUNT - n) as u64));
    }
}

/// Server 2.15 allows 1000 consumers per stream unless the stream says otherwise. And readers that
/// are dropped leave nothing behind.
#[tokio::test]
async fn a_stream_takes_many_readers() {
    const READERS: u64 = 1100;
    let server = common::start("many-readers").await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::Memory)).await.expect("a stream");
    let open = async |n| {
        let filter = vec![subject(&format!("S.{n}"))];
        broker.read(&stream("S"), filter, Start::At(Seq(1))).await.expect("a reader")
    };
    let readers: Vec<_> =
        futures_util::stream::iter(0..READERS).map(open).buffer_unordered(16).collect().await;
    assert_eq!(monitored(&server, "jsz", "consumers").await, READERS);
    drop(readers);
    for _ in 0..250 {
        if monitored(&server, "jsz", "consumers").await == 0 {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("dropped readers leave consumers behind");
}

/// A lease must be renewed on a full stream too: the new record takes the place of the old one.
#[tokio::test]
async fn a_full_stream_still_replaces() {
    let server = common::start("full-replaces").await;
    let broker = common::connect(&server).await;
    let limits = StreamSpec {
        max_per_subject: Some(1),
        max_bytes: Some(16 << 10),
        ..spec("S", Storage::Memory)
    };
    broker.ensure(&limits).await.expect("a stream");
    let append = async |to: &str| {
        broker.append(Append::new(stream("S"), subject(to), vec![1; 1 << 10])).await
    };
    let mut subjects = 0;
    while append(&format!("S.{subjects}")).await.is_ok() {
        subjects += 1;
    }
    assert!(subjects > 4, "{subjects} records of 1 KiB in 16 KiB");
    append("S.0").await.expect("it replaces the old one");
    let refused = append("S.new").await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    let state = broker.state(&stream("S")).await.expect("an answer").expect("the stream");
    assert_eq!(state.records, subjects);
}

/// Records are at most as large as the server takes; more is refused before it is sent.
#[tokio::test]
async fn the_largest_record_and_a_larger_one() {
    let server = common::start("largest").await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::Memory)).await.expect("a stream");
    let append = async |bytes: usize| {
        broker.append(Append::new(stream("S"), subject("S.a"), vec![1; bytes])).await
    };
    for n in 1..=40 {
        assert_eq!(append((1 << 20) - 500).await.expect("it is stored"), Seq(n));
    }
    let larger = append((1 << 20) + 1).await;
    assert!(matches!(larger, Err(AppendError::Rejected(_))), "{larger:?}");
    let filter = vec![subject("S.a")];
    let reader = broker.read(&stream("S"), filter, Start::At(Seq(1))).await;
    let mut reader = reader.expect("a reader");
    for n in 1..=40 {
        let record =
            timeout(PATIENCE, reader.next()).await.expect("it comes").expect("it is there");
        assert_eq!((record.seq, record.payload.len()), (Seq(n), (1 << 20) - 500));
    }
}

/// Bad requests for readers are answered, not hung on.
#[tokio::test]
async fn filters_are_checked() {
    let server = common::start("filters").await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::Memory)).await.expect("a stream");
    for filters in [vec![], vec![subject("S.>"), subject("S.a")]] {
        let reader = broker.read(&stream("S"), filters.clone(), Start::At(Seq(1))).await;
        assert!(reader.is_err(), "{filters:?}");
    }
}

/// A filter costs the server a search for each record, also one that takes everything.
#[tokio::test]
async fn whoever_wants_everything_reads_without_filters() {
    let server = common::start("everything").await;
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");
    for name in ["S.a", "S.b.c"] {
        broker.append(Append::new(stream("S"), subject(name), "x")).await.expect("it is stored");
    }
    let client = async_nats::connect(server.url()).await.expect("it connects");
    let filters = async || {
        let answer = client.request("$JS.API.CONSUMER.LIST.S", "".into()).await.expect("a list");
        let list: serde_json::Value = serde_json::from_slice(&answer.payload).expect("JSON");
        let consumers = list["consumers"].as_array().expect("consumers");
        let filters = |c: &serde_json::Value| {
            let config = &c["config"];
            config.get("filter_subjects").or(config.get("filter_subject")).cloned()
        };
        consumers.iter().filter_map(filters).count()
    };
    for (filter, start, records, filtered) in [
        ("S.>", Start::At(Seq(1)), 2, 0),
        ("S.>", Start::LastPerSubject, 2, 1),
        ("S.*", Start::At(Seq(1)), 1, 1),
        ("S.b.>", Start::At(Seq(1)), 1, 1),
    ] {
        let reader = broker.read(&stream("S"), vec![subject(filter)], start).await;
        let mut reader = reader.expect("a reader");
        for _ in 0..records {
            timeout(PATIENCE, reader.next()).await.expect("it comes").expect("a record");
        }
        assert_eq!(filters().await, filtered, "{filter} {start:?}");
        drop(reader);
        while monitored(&server, "jsz", "consumers").await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
}
