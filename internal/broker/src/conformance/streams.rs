//! Checks of creating, measuring, trimming and deleting streams.

use futures_util::future::join_all;

use super::{Bench, assert_quiet, texts, within};
use crate::{Admin, BrokerError, Seq, Start, StreamSpec, StreamState};

/// Many may create the same stream at once; what is in it stays.
pub async fn ensure_is_idempotent<B: Admin>(bench: &Bench<B>) {
    let spec = StreamSpec { max_per_subject: Some(5), max_bytes: Some(1 << 20), ..bench.spec() };
    bench.broker.delete(&spec.name).await.expect("deleting nothing is fine");
    for result in within(join_all((0..10).map(|_| bench.broker.ensure(&spec)))).await {
        result.expect("everybody gets the stream");
    }
    bench.put("a", "1").await;
    bench.broker.ensure(&spec).await.expect("the stream is there");
    assert!(bench.last("a").await.is_some());
}

/// A stream with other settings is told of, and left as it is.
pub async fn ensure_tells_of_other_settings<B: Admin>(bench: &Bench<B>) {
    let spec = StreamSpec { max_per_subject: Some(5), ..bench.spec() };
    bench.make(&spec).await;
    for other in [
        StreamSpec { max_per_subject: None, ..spec.clone() },
        StreamSpec { max_bytes: Some(1 << 20), ..spec.clone() },
        StreamSpec { duplicate_window: std::time::Duration::from_secs(1), ..spec.clone() },
        StreamSpec { subjects: vec![bench.subject("a"), bench.subject("b")], ..spec.clone() },
    ] {
        let result = bench.broker.ensure(&other).await;
        assert!(matches!(result, Err(BrokerError::Conflict { .. })), "{other:?}: {result:?}");
    }
    bench.broker.ensure(&spec).await.expect("it is as it was");
}

/// First and last sequence, records and bytes: of an empty stream, with records, without the first.
pub async fn the_state_counts_records<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let empty = StreamState { first: Seq(1), last: Seq(0), records: 0, bytes: 0 };
    assert_eq!(bench.state().await, empty);
    for n in 0..4 {
        bench.put(if n < 2 { "a" } else { "b" }, "some bytes").await;
    }
    let full = bench.state().await;
    assert_eq!((full.first, full.last, full.records), (Seq(1), Seq(4), 4));
    assert!(full.bytes >= 40, "{full:?}");
    let trim = async |subject| {
        let subject = bench.subject(subject);
        bench.broker.trim(&bench.stream(), &subject, Seq(5)).await.expect("it is trimmed");
    };
    trim("a").await;
    let half = bench.state().await;
    assert_eq!((half.first, half.last, half.records), (Seq(3), Seq(4), 2));
    assert!(half.bytes < full.bytes, "{half:?}");
    trim("b").await;
    assert_eq!(
        bench.state().await,
        StreamState { first: Seq(5), last: Seq(4), records: 0, bytes: 0 }
    );
}

/// Trimming removes what is below, of one subject; what is at the bound, or of others, stays.
pub async fn trim_keeps_what_is_not_below<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for n in 1..=3 {
        bench.put("a", &n.to_string()).await;
        bench.put("b", &n.to_string()).await;
    }
    let trim = async |below| {
        let subject = bench.subject("a");
        bench.broker.trim(&bench.stream(), &subject, below).await.expect("it is trimmed");
    };
    for nothing in [Seq(0), Seq(1)] {
        trim(nothing).await;
    }
    let mut reader = bench.read(&[">"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut reader, 6).await.len(), 6);
    let last = bench.last("a").await.expect("it is there").seq;
    trim(last).await;
    let mut reader = bench.read(&[">"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut reader, 4).await, ["b=1", "b=2", "a=3", "b=3"]);
    let next = bench.append(bench.record("a", "4").after(last)).await;
    assert_eq!(next.expect("the last record still counts"), Seq(7));
}

/// Of each subject only the newest records stay; the stream refuses nothing for that.
pub async fn the_limit_per_subject_evicts_the_oldest<B: Admin>(bench: &Bench<B>) {
    let spec = StreamSpec { max_per_subject: Some(2), max_bytes: Some(1 << 20), ..bench.spec() };
    bench.make(&spec).await;
    bench.put("b", "1").await;
    let mut last = Seq::NONE;
    for n in 1..=5 {
        let append = bench.append(bench.record("a", n.to_string()).after(last)).await;
        last = append.expect("the oldest makes room");
    }
    let mut reader = bench.read(&[">"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut reader, 3).await, ["b=1", "a=4", "a=5"]);
    assert_quiet(&mut reader).await;
}

/// Deleting a stream twice is fine; afterwards there is nothing of it, in a new one either.
pub async fn delete_is_idempotent<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    bench.put("a", "1").await;
    for _ in 0..2 {
        bench.broker.delete(&bench.stream()).await.expect("it is not there any more");
        assert_eq!(bench.broker.state(&bench.stream()).await.expect("it answers"), None);
    }
    bench.broker.ensure(&bench.spec()).await.expect("it is made anew");
    assert!(bench.last("a").await.is_none());
    assert_eq!(bench.put("a", "1").await, Seq(1));
}
