//! Checks of a stream that is used as a bucket of keys and values, see the first lines of this room.

use super::{Bench, assert_quiet, assert_refused, text, texts};
use crate::{Admin, Seq, Start, StreamSpec};

impl<B: Admin> Bench<B> {
    fn bucket(&self) -> StreamSpec {
        StreamSpec { max_per_subject: Some(1), ..self.spec() }
    }

    async fn value(&self, key: &str) -> Option<String> {
        self.last(key).await.as_ref().map(text)
    }

    /// Forgets a key.
    async fn purge(&self, key: &str) {
        let below = self.last(key).await.map_or(Seq::NONE, |record| record.seq.next());
        let (stream, subject) = (self.stream(), self.subject(key));
        self.broker.trim(&stream, &subject, below).await.expect("the key is forgotten");
    }
}

/// A key that is there cannot be created, and one that was forgotten can.
pub async fn a_key_is_created_once<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.bucket()).await;
    assert_eq!(bench.value("k").await, None);
    let create = |value: &'static str| bench.append(bench.record("k", value).after(Seq::NONE));
    create("1").await.expect("there is no such key");
    assert_refused(&create("2").await);
    assert_eq!(bench.value("k").await.as_deref(), Some("1"));
    bench.purge("k").await;
    assert_eq!(bench.value("k").await, None);
    create("3").await.expect("there is no such key any more");
    assert_eq!(bench.value("k").await.as_deref(), Some("3"));
}

/// A value is replaced by whoever has seen it, and the one before is gone; other keys are not in the way.
pub async fn a_value_is_replaced_by_whoever_saw_it<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.bucket()).await;
    let first = bench.put("k", "1").await;
    bench.put("other", "x").await;
    let second = bench.append(bench.record("k", "2").after(first)).await;
    let second = second.expect("nobody wrote meanwhile");
    assert_refused(&bench.append(bench.record("k", "late").after(first)).await);
    assert_eq!(bench.value("k").await.as_deref(), Some("2"));
    let oldest = bench.first_at("k", Seq(1)).await.expect("the key has a value");
    assert_eq!(oldest.seq, second);
    assert_eq!(bench.state().await.records, 2);
}

/// A watch tells the value of each key, in the order in which they were written, and then every change.
pub async fn a_watch_tells_values_and_changes<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.bucket()).await;
    for (key, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("x.y", "1")] {
        bench.put(key, value).await;
    }
    let mut all = bench.read(&[">"], Start::LastPerSubject).await;
    let mut one = bench.read(&["a"], Start::LastPerSubject).await;
    let mut none = bench.read(&["c"], Start::LastPerSubject).await;
    assert_eq!(texts(&mut all, 3).await, ["b=1", "a=2", "x.y=1"]);
    assert_eq!(texts(&mut one, 1).await, ["a=2"]);
    for (key, value) in [("b", "2"), ("a", "3"), ("c", "1")] {
        bench.put(key, value).await;
    }
    assert_eq!(texts(&mut all, 3).await, ["b=2", "a=3", "c=1"]);
    assert_eq!(texts(&mut one, 1).await, ["a=3"]);
    assert_eq!(texts(&mut none, 1).await, ["c=1"]);
    assert_quiet(&mut one).await;
}
