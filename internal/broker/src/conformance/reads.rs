//! Checks of reading: the last record, and readers.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::join;

use super::{Bench, assert_gone, assert_quiet, next, text, texts, within};
use crate::{Admin, Reader, Seq, Start};

/// The last record is the newest of its subject, with everything that was stored.
pub async fn the_last_record_is_the_newest<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    bench.put("a", "old").await;
    let seq = bench.put("a", "new").await;
    bench.put("b", "other").await;
    let last = bench.last("a").await.expect("there is one");
    assert_eq!((last.seq, text(&last).as_str(), last.pending), (seq, "new", 0));
    assert_eq!(last.subject, bench.subject("a"));
    assert!(last.stored_at_us > 0, "{last:?}");
    let mut reader = bench.read(&["a"], Start::At(seq)).await;
    assert_eq!(next(&mut reader).await.stored_at_us, last.stored_at_us);
}

/// A subject that has no record has no last one.
pub async fn a_subject_without_records_has_no_last<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    assert!(bench.last("a").await.is_none());
    bench.put("a.b", "below").await;
    assert!(bench.last("a").await.is_none());
}

/// A filter with wildcards has a last record too: the newest that it takes.
pub async fn the_last_of_a_wildcard_is_the_newest_of_all<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    assert!(bench.last("m.*").await.is_none());
    bench.put("m.2", "1").await;
    let newest = bench.put("m.1", "2").await;
    bench.put("m.1.x", "below").await;
    let last = bench.put("n", "other").await;
    let found = async |filter| bench.last(filter).await.map(|record| record.seq);
    assert_eq!(found("m.*").await, Some(newest));
    assert_eq!(found("m.>").await, Some(newest.next()));
    assert_eq!(found(">").await, Some(last));
    assert_eq!(found("o.*").await, None);
}

/// The oldest record of one subject at or after a sequence, whatever other subjects hold.
pub async fn the_first_at_a_sequence_is_the_oldest_from_there<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for subject in ["a", "b", "a", "b", "b"] {
        bench.put(subject, subject).await;
    }
    for (subject, at, expected) in [
        ("a", 0, Some(1)),
        ("a", 1, Some(1)),
        ("a", 2, Some(3)),
        ("a", 3, Some(3)),
        ("a", 4, None),
        ("b", 1, Some(2)),
        ("b", 5, Some(5)),
        ("b", 6, None),
        ("b", 99, None),
        ("c", 1, None),
    ] {
        let first = bench.first_at(subject, Seq(at)).await;
        assert_eq!(first.as_ref().map(|r| r.seq), expected.map(Seq), "{subject} at {at}");
        let Some(first) = first else { continue };
        assert_eq!((first.subject.clone(), text(&first)), (bench.subject(subject), subject.into()));
        assert!(first.stored_at_us > 0, "{first:?}");
    }
}

/// What was trimmed is not found; what was left is.
pub async fn trimmed_records_are_not_first<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for subject in ["a", "b", "a", "a"] {
        bench.put(subject, subject).await;
    }
    let trim = async |below| {
        let (stream, subject) = (bench.stream(), bench.subject("a"));
        bench.broker.trim(&stream, &subject, Seq(below)).await.expect("it is trimmed");
    };
    let found = async |subject| bench.first_at(subject, Seq(1)).await.map(|record| record.seq);
    trim(4).await;
    assert_eq!((found("a").await, found("b").await), (Some(Seq(4)), Some(Seq(2))));
    trim(5).await;
    assert_eq!((found("a").await, found("b").await), (None, Some(Seq(2))));
}

/// A reader begins with the first record at or after its start, also between records of others.
pub async fn a_reader_starts_at_a_sequence<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for (subject, payload) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4"), ("a", "5")] {
        bench.put(subject, payload).await;
    }
    for (start, expected) in [(0, "a=1"), (1, "a=1"), (2, "a=3"), (3, "a=3"), (5, "a=5")] {
        let mut reader = bench.read(&["a"], Start::At(Seq(start))).await;
        assert_eq!(texts(&mut reader, 1).await, [expected], "from {start}");
    }
}

/// A reader takes what matches any of its filters, and nothing else, in the order of the stream.
pub async fn a_reader_follows_several_filters<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let subjects = ["a.1", "b.1", "a.2", "c.x.1", "d", "c.x.2", "a.3.4", "a.1"];
    for subject in subjects {
        bench.put(subject, "-").await;
    }
    for (filters, expected) in [
        (&["a.1", "b.1"][..], &["a.1=-", "b.1=-", "a.1=-"][..]),
        (&["a.*", "d"], &["a.1=-", "a.2=-", "d=-", "a.1=-"]),
        (&["c.>", "b.*"], &["b.1=-", "c.x.1=-", "c.x.2=-"]),
    ] {
        let mut reader = bench.read(filters, Start::At(Seq(1))).await;
        assert_eq!(texts(&mut reader, expected.len()).await, expected, "{filters:?}");
        assert_quiet(&mut reader).await;
    }
    let mut reader = bench.read(&[">"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut reader, subjects.len()).await.len(), subjects.len());
}

/// [`Start::LastPerSubject`]: the last record of each subject, then everything newer.
pub async fn a_reader_starts_with_the_last_of_each_subject<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for (subject, payload) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("b", "2")] {
        bench.put(subject, payload).await;
    }
    let mut reader = bench.read(&["*"], Start::LastPerSubject).await;
    assert_eq!(texts(&mut reader, 3).await, ["a=2", "c=1", "b=2"]);
    assert_quiet(&mut reader).await;
    bench.put("a", "3").await;
    bench.put("a", "4").await;
    bench.put("d", "1").await;
    assert_eq!(texts(&mut reader, 3).await, ["a=3", "a=4", "d=1"]);
}

/// A reader that has caught up is woken by the next record, on an empty stream too.
pub async fn a_reader_waits_for_new_records<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    let mut early = bench.read(&["a"], Start::LastPerSubject).await;
    let mut ahead = bench.read(&["a"], Start::At(Seq(2))).await;
    assert_quiet(&mut early).await;
    bench.put("a", "1").await;
    assert_eq!(texts(&mut early, 1).await, ["a=1"]);
    assert_quiet(&mut ahead).await;
    bench.put("a", "2").await;
    assert_eq!(texts(&mut early, 1).await, ["a=2"]);
    assert_eq!(texts(&mut ahead, 1).await, ["a=2"]);
    for (filter, payload) in [("a", "3"), (">", "4")] {
        let mut late = bench.read(&[filter], Start::LastPerSubject).await;
        texts(&mut late, 1).await;
        assert_quiet(&mut late).await;
        bench.put("a", payload).await;
        assert_eq!(texts(&mut late, 1).await, [format!("a={payload}")], "by {filter}");
    }
}

/// A record says how many more there are behind it.
pub async fn pending_says_what_is_left<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    for n in 0..5 {
        bench.put("a", &n.to_string()).await;
        bench.put("b", "not counted").await;
    }
    let mut reader = bench.read(&["a"], Start::At(Seq(1))).await;
    for expected in (0..5).rev() {
        assert_eq!(next(&mut reader).await.pending, expected);
    }
}

/// What several writers append at once, every reader sees completely and in one order.
pub async fn records_of_concurrent_writers_come_in_order<B: Admin>(bench: &Bench<B>) {
    const WRITERS: usize = 4;
    const EACH: usize = 150;
    bench.make(&bench.spec()).await;
    let mut live = bench.read(&["w.*"], Start::At(Seq(1))).await;
    let write = join_all((0..WRITERS).map(|writer| async move {
        for n in 0..EACH {
            bench.put(&format!("w.{writer}"), &n.to_string()).await;
        }
    }));
    let (_, seen) = join!(write, read_all(&mut live, WRITERS * EACH));
    let expected: Vec<_> = (1..=(WRITERS * EACH) as u64).map(Seq).collect();
    assert_eq!(seen.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), expected);
    for writer in 0..WRITERS {
        let own = format!("{writer}");
        let mine = seen.iter().filter(|(_, leaf, _)| *leaf == own).map(|(.., text)| text.clone());
        assert!(mine.eq((0..EACH).map(|n| n.to_string())), "writer {writer} is out of order");
    }
    let mut late = bench.read(&["w.*"], Start::At(Seq(1))).await;
    assert_eq!(read_all(&mut late, WRITERS * EACH).await, seen);
}

async fn read_all(reader: &mut impl Reader, count: usize) -> Vec<(Seq, String, String)> {
    let mut seen = Vec::with_capacity(count);
    while seen.len() < count {
        let record = next(reader).await;
        seen.push((record.seq, record.subject.leaf().to_owned(), text(&record)));
    }
    seen
}

/// A `next` that is given up takes no record with it.
pub async fn a_dropped_next_loses_nothing<B: Admin>(bench: &Bench<B>) {
    const COUNT: usize = 60;
    bench.make(&bench.spec()).await;
    let mut reader = bench.read(&["a"], Start::At(Seq(1))).await;
    let write = async {
        for n in 0..COUNT {
            bench.put("a", &n.to_string()).await;
            tokio::time::sleep(Duration::from_millis((n % 4) as u64)).await;
        }
    };
    let read = async {
        let mut seen = Vec::new();
        while seen.len() < COUNT {
            // Never zero: a paused clock stands still for those who do not wait.
            let patience = Duration::from_micros(1 + 300 * (seen.len() as u64 % 5));
            if let Ok(record) = tokio::time::timeout(patience, reader.next()).await {
                seen.push(record.expect("there is another record").seq);
            }
        }
        seen
    };
    let (_, seen) = within(async { join!(write, read) }).await;
    assert_eq!(seen, (1..=COUNT as u64).map(Seq).collect::<Vec<_>>());
}

/// A reader ends when its stream is deleted, and stays ended.
pub async fn a_reader_of_a_deleted_stream_ends<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    bench.put("a", "1").await;
    let mut idle = bench.read(&["b"], Start::At(Seq(1))).await;
    let mut busy = bench.read(&["a"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut busy, 1).await, ["a=1"]);
    bench.broker.delete(&bench.stream()).await.expect("the stream is deleted");
    for reader in [&mut idle, &mut busy] {
        assert_gone(&within(reader.next()).await);
        assert_gone(&within(reader.next()).await);
    }
}

/// A stream that was deleted and made anew under the same name is another stream.
pub async fn a_reader_of_a_stream_made_anew_ends<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.spec()).await;
    bench.put("a", "1").await;
    let mut reader = bench.read(&["a"], Start::At(Seq(1))).await;
    assert_eq!(texts(&mut reader, 1).await, ["a=1"]);
    bench.make(&bench.spec()).await;
    bench.put("a", "another 1").await;
    bench.put("a", "another 2").await;
    assert_gone(&within(reader.next()).await);
}

/// A stream that does not exist has no readers and no last records; it is not an outage.
pub async fn a_missing_stream_is_gone<B: Admin>(bench: &Bench<B>) {
    bench.broker.delete(&bench.stream()).await.expect("deleting nothing is fine");
    let (stream, subject) = (bench.stream(), bench.subject("a"));
    assert_gone(&bench.try_read(&["a"], Start::At(Seq(1))).await);
    assert_gone(&within(bench.broker.last(&stream, &subject)).await);
    assert_gone(&within(bench.broker.first_at(&stream, &subject, Seq(1))).await);
    assert_gone(&within(bench.broker.trim(&stream, &subject, Seq(5))).await);
    let state = within(bench.broker.state(&stream)).await.expect("it is no outage");
    assert_eq!(state, None);
}
