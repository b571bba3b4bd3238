//! Checks of message ids: what is sent again within the window is stored once.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Bench, PATIENCE, assert_refused, within};
use crate::{
    Admin, Append, AppendError, BrokerError, MessageId, Refusal, Seq, Start, StreamSpec, Subject,
};

/// Longer than any check takes.
const LONG: Duration = Duration::from_secs(120);

fn id(name: &str) -> MessageId {
    MessageId::new(name).expect("checks name ids rightly")
}

impl<B: Admin> Bench<B> {
    fn remembering(&self, duplicate_window: Duration) -> StreamSpec {
        StreamSpec { duplicate_window, ..self.spec() }
    }

    async fn once(&self, rest: &str, name: &str) -> Result<Seq, AppendError> {
        self.append(self.record(rest, "x").once(id(name))).await
    }
}

fn assert_duplicate(result: &Result<Seq, AppendError>, of: Seq) {
    match result {
        Err(AppendError::Refused(Refusal::Duplicate(seq))) => assert_eq!(*seq, of),
        result => panic!("must be a duplicate of {of}: {result:?}"),
    }
}

fn assert_unexpected(result: &Result<Seq, AppendError>, of: &Subject) {
    match result {
        Err(AppendError::Refused(Refusal::Expectation(expect))) => assert_eq!(expect.subject, *of),
        result => panic!("the expectation must not hold: {result:?}"),
    }
}

/// An id is stored once, whatever else is in the record, and says which record it was.
pub async fn a_record_is_known_by_its_id<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(LONG)).await;
    bench.put("a", "without").await;
    let first = bench.once("a", "one").await.expect("the id is new");
    let second = bench.once("a", "two").await.expect("the id is new");
    assert_eq!((first, second), (Seq(2), Seq(3)));
    assert_duplicate(&bench.once("a", "one").await, first);
    assert_duplicate(&bench.once("b", "one").await, first);
    let other = bench.append(bench.record("a", "other").once(id("two"))).await;
    assert_duplicate(&other, second);
    // Without an id the same payload is another record.
    assert_eq!(bench.put("a", "x").await, Seq(4));
    assert_eq!(bench.state().await.records, 4);
    assert!(bench.last("b").await.is_none());
}

/// An id counts from when its record was stored, however often it is heard of meanwhile, and for as long
/// as the window says.
pub async fn an_id_is_forgotten_after_the_window<B: Admin>(bench: &Bench<B>) {
    let window = Duration::from_millis(500);
    bench.make(&bench.remembering(window)).await;
    let began = Instant::now();
    let first = bench.once("a", "one").await.expect("the id is new");
    let (again, after) = loop {
        match bench.once("a", "one").await {
            Ok(seq) => break (seq, began.elapsed()),
            duplicate => assert_duplicate(&duplicate, first),
        }
        assert!(began.elapsed() < PATIENCE, "it is remembered for ever");
        sleep(Duration::from_millis(20)).await;
    };
    assert!(after >= window, "forgotten after {after:?}");
    assert_eq!(again, first.next());
}

/// An id is remembered when its record is gone.
pub async fn an_id_outlives_its_record<B: Admin>(bench: &Bench<B>) {
    let spec = StreamSpec { max_per_subject: Some(1), ..bench.remembering(LONG) };
    bench.make(&spec).await;
    let trimmed = bench.once("a", "trimmed").await.expect("the id is new");
    let (stream, subject) = (bench.stream(), bench.subject("a"));
    bench.broker.trim(&stream, &subject, trimmed.next()).await.expect("it is trimmed");
    let evicted = bench.once("b", "evicted").await.expect("the id is new");
    bench.put("b", "next").await;
    assert!(bench.first_at("b", evicted).await.is_some_and(|record| record.seq > evicted));
    assert_duplicate(&bench.once("a", "trimmed").await, trimmed);
    assert_duplicate(&bench.once("b", "evicted").await, evicted);
}

/// A broker that starts learns ids from the records that it holds: one whose record is gone may come
/// again. Not one of those that [`conformance_tests!`](crate::conformance_tests) makes: `restart` stops
/// the broker, and starts it with what it has stored.
pub async fn ids_survive_a_restart_with_their_records<B: Admin, T>(
    bench: &Bench<B>,
    restart: impl Future<Output = T>,
) -> T {
    bench.make(&bench.remembering(LONG)).await;
    let kept = bench.once("kept", "kept").await.expect("the id is new");
    let gone = bench.once("gone", "gone").await.expect("the id is new");
    let (stream, subject) = (bench.stream(), bench.subject("gone"));
    bench.broker.trim(&stream, &subject, gone.next()).await.expect("it is trimmed");
    assert_duplicate(&bench.once("kept", "kept").await, kept);
    assert_duplicate(&bench.once("gone", "gone").await, gone);
    let restarted = restart.await;
    let again = within(async {
        loop {
            match bench.once("kept", "kept").await {
                Err(AppendError::InDoubt(_)) => sleep(Duration::from_millis(20)).await,
                known => break known,
            }
        }
    });
    assert_duplicate(&again.await, kept);
    let again = bench.once("gone", "gone").await;
    assert_eq!(again.expect("nobody remembers it"), gone.next());
    restarted
}

/// A record that is not stored leaves no id behind.
pub async fn a_refused_id_may_come_again<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(LONG)).await;
    let unexpected = bench.record("a", "x").once(id("one")).after(Seq(77));
    assert_refused(&bench.append(unexpected).await);
    assert_eq!(bench.once("a", "one").await.expect("the id is new"), Seq(1));
}

/// A stream of one replica looks at the expectation first: an append that is repeated after it was stored
/// is refused for what it has itself brought about.
pub async fn one_server_looks_at_the_expectation_first<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(LONG)).await;
    let (append, subject) = (repeated(bench), bench.subject("a"));
    bench.append(append.clone()).await.expect("it is the first");
    assert_unexpected(&bench.append(append).await, &subject);
}

/// A stream of several looks at the id first. Not one of those that
/// [`conformance_tests!`](crate::conformance_tests) makes: it needs a cluster.
pub async fn several_servers_look_at_the_id_first<B: Admin>(bench: &Bench<B>) {
    bench.make(&StreamSpec { replicas: 3, ..bench.remembering(LONG) }).await;
    let append = repeated(bench);
    let first = bench.append(append.clone()).await.expect("it is the first");
    assert_duplicate(&bench.append(append).await, first);
}

fn repeated<B: Admin>(bench: &Bench<B>) -> Append {
    bench.record("a", "x").after(Seq::NONE).once(id("one"))
}

/// Ids are a stream's own, and gone with it.
pub async fn a_stream_made_anew_knows_no_ids<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(LONG)).await;
    bench.once("a", "one").await.expect("the id is new");
    bench.make(&bench.remembering(LONG)).await;
    bench.once("a", "one").await.expect("the id is new to this stream");
}

/// What was refused as a duplicate is nobody's to read.
pub async fn a_duplicate_is_not_delivered<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(LONG)).await;
    let mut reader = bench.read(&["a"], Start::At(Seq(1))).await;
    bench.once("a", "one").await.expect("the id is new");
    bench.once("a", "one").await.expect_err("the id is known");
    bench.put("a", "next").await;
    assert_eq!(super::texts(&mut reader, 2).await, ["a=x", "a=next"]);
}

/// No broker takes a window that is shorter than the shortest.
pub async fn a_window_has_a_shortest_length<B: Admin>(bench: &Bench<B>) {
    bench.make(&bench.remembering(StreamSpec::SHORTEST_WINDOW)).await;
    bench.broker.delete(&bench.stream()).await.expect("the stream is deleted");
    let short = bench.remembering(StreamSpec::SHORTEST_WINDOW - Duration::from_millis(1));
    let refused = bench.broker.ensure(&short).await;
    assert!(matches!(refused, Err(BrokerError::Unsuitable(_))), "{refused:?}");
}
