//! Whoever watches is told all that happens, in order and once; and whatever differs between two runs
//! shows in the hash of their traces and in a line.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::io::{Error, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Admin, Append, AppendError, Expect, Log, MessageId, Refusal, Seq, Start, StreamName};
use broker_virtual::{Fate, Fault, Happening, Observer, Options, Trace, VirtualBroker};
use common::{append, spec, stream, subject};
use model::{Network, Seed, Timestamp};
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn id(name: &str) -> MessageId {
    MessageId::new(name).unwrap()
}

fn after(payload: &'static str, seq: u64) -> Append {
    let expect = Some(Expect { subject: subject("s.a"), seq: Seq(seq) });
    Append { expect, ..append(payload) }
}

/// What was written, to be looked at later.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// The lines without number and time, and without the checksums of payloads.
    fn told(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let shorten = |word: &str| word.split('#').next().unwrap().to_owned();
        let words = |line: &str| line.split(' ').skip(2).map(shorten).collect::<Vec<_>>().join(" ");
        text.lines().map(words).collect()
    }
}

/// A broker with a stream, and what it tells from now on.
async fn world(seed: u64) -> (VirtualBroker, Page) {
    let broker = VirtualBroker::new(Options::new(Seed(seed)));
    broker.client("admin").ensure(&spec()).await.unwrap();
    let page = Page::default();
    broker.observe(Box::new(Trace::new(Some(Box::new(page.clone())))));
    (broker, page)
}

#[tokio::test(start_paused = true)]
async fn everything_that_happens_is_told_once_and_in_order() {
    let (broker, page) = world(1).await;
    let one = broker.client("one");
    one.append(append("first")).await.unwrap();
    one.append(after("second", 1)).await.unwrap();
    one.append(after("late", 1)).await.unwrap_err();
    let nowhere = Append { stream: StreamName::new("t").unwrap(), ..append("x") };
    one.append(nowhere).await.unwrap_err();
    let named = append("named").once(id("n-1"));
    one.append(named.clone()).await.unwrap();
    one.append(named.after(Seq(3))).await.unwrap_err();
    one.read(&stream(), vec![subject("s.a"), subject("s.b")], Start::At(Seq(2))).await.unwrap();
    one.read(&stream(), vec![subject("s.>")], Start::LastPerSubject).await.unwrap();
    one.trim(&stream(), &subject("s.a"), Seq(2)).await.unwrap();
    broker.set_network("one", Network::Lossy { loss: 0.0 });
    broker.stall(SECOND);
    broker.stop();
    broker.start();
    broker.append_now(append("from within")).unwrap();
    broker.client("one");
    broker.client("other");
    #[rustfmt::skip]
    assert_eq!(page.told(), [
        "one connected 1",
        "one append s s.a 5B stored 1",
        "one append s s.a 6B if s.a is 1 stored 2",
        "one append s s.a 4B if s.a is 1 refused",
        "one append t s.a 1B append rejected: there is no stream t",
        "one append s s.a 5B as n-1 stored 3",
        "one append s s.a 5B if s.a is 3 as n-1 is 3 already",
        "one reads s At(Seq(2)) s.a s.b",
        "one reads s LastPerSubject s.>",
        "one trimmed s s.a below 2",
        "one network Lossy { loss: 0.0 }",
        "- broker stalled",
        "- broker stopped",
        "- broker started",
        "- append s s.a 11B stored 4",
        "one connected 2",
        "other connected 1",
    ]);
}

/// Every way in which a sender does not learn what became of its append.
#[tokio::test(start_paused = true)]
async fn what_nobody_hears_is_told_as_it_was() {
    let (broker, page) = world(2).await;
    let one = broker.client("one");
    let doomed = async |fate, append| {
        one.plan(Fault::new(fate, subject("s.a"), 1));
        let outcome = one.append(append).await;
        assert!(matches!(outcome, Err(AppendError::InDoubt(_))), "{outcome:?}");
    };
    doomed(Fate::AnswerLost, append("a")).await;
    doomed(Fate::AnswerLost, after("bb", 0)).await;
    doomed(Fate::RequestLost, append("ccc")).await;
    // Given up after a second, and stored or refused after a minute.
    doomed(Fate::Delayed(SECOND * 60), append("dddd")).await;
    doomed(Fate::Delayed(SECOND * 60), after("eeeee", 0)).await;
    sleep(SECOND * 60).await;
    // Cut off while it is under way.
    let cut = async {
        sleep(MS * 200).await;
        broker.set_network("one", Network::Cut);
    };
    broker.set_network("one", Network::Delayed { delay: MS * 500, jitter: Duration::ZERO });
    let (outcome, ()) = tokio::join!(one.append(append("ffffff")), cut);
    assert!(matches!(outcome, Err(AppendError::InDoubt(_))), "{outcome:?}");
    // Silent, until long after it was given up; then it arrives.
    broker.set_network("one", Network::Clear);
    let silence = async {
        sleep(MS / 10).await;
        broker.set_network("one", Network::HalfOpen);
    };
    let (outcome, ()) = tokio::join!(one.append(append("ggggggg")), silence);
    assert!(matches!(outcome, Err(AppendError::InDoubt(_))), "{outcome:?}");
    broker.set_network("one", Network::Clear);
    sleep(SECOND).await;
    #[rustfmt::skip]
    assert_eq!(page.told(), [
        "one connected 1",
        "one append s s.a 1B stored 1",
        "one unheard s s.a 1B stored",
        "one append s s.a 2B if s.a is 0 refused",
        "one unheard s s.a 2B if s.a is 0 not stored",
        "one lost s s.a 3B",
        "one lost s s.a 4B",
        "one lost s s.a 5B if s.a is 0",
        "one append s s.a 4B stored 2",
        "one unheard s s.a 4B stored",
        "one append s s.a 5B if s.a is 0 refused",
        "one unheard s s.a 5B if s.a is 0 not stored",
        "one network Delayed { delay: 500ms, jitter: 0ns }",
        "one network Cut",
        "one lost s s.a 6B",
        "one network Clear",
        "one network HalfOpen",
        "one lost s s.a 7B",
        "one network Clear",
        "one append s s.a 7B stored 3",
        "one unheard s s.a 7B stored",
    ]);
}

/// One telling of a trace: its hash, how many lines it counts, and the lines.
fn told(all: &[(i64, &str, Happening<'_>)]) -> (u64, u64, String) {
    let page = Page::default();
    let mut trace = Trace::new(Some(Box::new(page.clone())));
    all.iter().for_each(|(at, client, what)| trace.observe(Timestamp(*at), client, what));
    trace.flush().unwrap();
    let mut silent = Trace::new(None);
    all.iter().for_each(|(at, client, what)| silent.observe(Timestamp(*at), client, what));
    assert_eq!((silent.hash(), silent.count()), (trace.hash(), trace.count()), "written or not");
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    (trace.hash(), trace.count(), text)
}

/// Happenings of which any two differ in one thing, and in no more than that if they are of a kind.
fn differing<R>(with: impl FnOnce(Vec<Happening<'_>>) -> R) -> R {
    let other_stream = Append { stream: StreamName::new("t").unwrap(), ..append("x") };
    let other_subject = Append { subject: subject("s.b"), ..append("x") };
    let expects = |name, seq| Some(Expect { subject: subject(name), seq: Seq(seq) });
    let expecting = |name, seq| Append { expect: expects(name, seq), ..append("x") };
    let appends = [
        append("x"),
        append("y"),
        append("xx"),
        append(""),
        other_stream,
        other_subject,
        expecting("s.a", 0),
        expecting("s.a", 1),
        expecting("s.b", 1),
        append("x").once(id("1")),
        append("x").once(id("2")),
        expecting("s.a", 1).once(id("1")),
    ];
    let refused =
        |seq| Err(AppendError::Refused(Refusal::Expectation(expects("s.a", seq).unwrap())));
    let duplicate = |seq| Err(AppendError::Refused(Refusal::Duplicate(Seq(seq))));
    let outcomes = [
        Ok(Seq(1)),
        Ok(Seq(2)),
        refused(1),
        refused(2),
        duplicate(1),
        duplicate(2),
        Err(AppendError::Rejected("full".into())),
        Err(AppendError::Rejected("too large".into())),
        Err(AppendError::InDoubt("full".into())),
    ];
    let (s, t) = (stream(), StreamName::new("t").unwrap());
    let filters = ["s.a", "s.b", "s.c", "s.d", "s.e"].map(subject);
    let other_filters = ["s.a", "s.b", "s.c", "s.d", "s.f"].map(subject);
    let reads = |stream, filters, start| Happening::Reads { stream, filters, start };
    let trimmed =
        |stream, subject, below| Happening::Trimmed { stream, subject, below: Seq(below) };
    let delayed = |delay: u64, jitter: u64| {
        let (delay, jitter) = (Duration::from_micros(delay), Duration::from_micros(jitter));
        Happening::Network(Network::Delayed { delay, jitter })
    };
    let mut all = vec![
        Happening::Connected(1),
        Happening::Connected(2),
        Happening::Network(Network::Clear),
        Happening::Network(Network::Cut),
        Happening::Network(Network::HalfOpen),
        Happening::Network(Network::Lossy { loss: 0.1 }),
        Happening::Network(Network::Lossy { loss: 0.1001 }),
        delayed(500, 100),
        delayed(501, 100),
        delayed(500, 101),
        Happening::Up(true),
        Happening::Up(false),
        Happening::Stalled,
        reads(&s, &filters, Start::At(Seq(1))),
        reads(&t, &filters, Start::At(Seq(1))),
        reads(&s, &filters, Start::At(Seq(2))),
        reads(&s, &filters, Start::LastPerSubject),
        reads(&s, &other_filters, Start::At(Seq(1))),
        reads(&s, &filters[..4], Start::At(Seq(1))),
        reads(&s, &[], Start::At(Seq(1))),
        trimmed(&s, &filters[0], 5),
        trimmed(&t, &filters[0], 5),
        trimmed(&s, &filters[1], 5),
        trimmed(&s, &filters[0], 6),
    ];
    for append in &appends {
        all.push(Happening::Appended { append, outcome: &outcomes[0] });
        all.push(Happening::Unheard { append, stored: true });
        all.push(Happening::Lost { append });
    }
    all.push(Happening::Unheard { append: &appends[0], stored: false });
    for outcome in &outcomes[1..] {
        all.push(Happening::Appended { append: &appends[0], outcome });
    }
    with(all)
}

#[test]
fn whatever_differs_shows_in_the_hash_and_in_the_line() {
    differing(|all| {
        let count = all.len();
        let alone: Vec<_> = all.into_iter().map(|what| told(&[(1, "one", what)])).collect();
        let hashes: BTreeSet<_> = alone.iter().map(|(hash, ..)| hash).collect();
        let lines: BTreeSet<_> = alone.iter().map(|(.., lines)| lines).collect();
        assert_eq!((hashes.len(), lines.len()), (count, count), "{lines:#?}");
        assert!(alone.iter().all(|(_, count, lines)| (*count, lines.lines().count()) == (1, 1)));
    });
}

#[test]
fn when_to_whom_and_in_which_order_shows_too() {
    let (up, down) = (|| Happening::Up(true), || Happening::Up(false));
    let run = [(1, "one", up()), (2, "two", down())];
    assert_eq!(told(&run), told(&[(1, "one", up()), (2, "two", down())]), "equal runs are equal");
    let others = [
        told(&run),
        told(&[(1, "one", up()), (3, "two", down())]),
        told(&[(1, "one", up()), (2, "one", down())]),
        told(&[(1, "", up()), (2, "two", down())]),
        told(&[(1, "one", down()), (2, "two", up())]),
        told(&[(2, "two", down()), (1, "one", up())]),
        told(&[(1, "one", up())]),
        told(&[(1, "one", up()), (1, "one", up()), (2, "two", down())]),
        told(&[]),
    ];
    let hashes: BTreeSet<_> = others.iter().map(|(hash, ..)| hash).collect();
    let lines: BTreeSet<_> = others.iter().map(|(.., lines)| lines).collect();
    assert_eq!((hashes.len(), lines.len()), (others.len(), others.len()));
    assert!(others.iter().all(|(_, count, lines)| *count == lines.lines().count() as u64));
}

/// The bytes of the one, put together in another way: without its kind a happening could be taken for
/// a part of the next one.
#[test]
fn where_a_happening_ends_counts() {
    let time = i64::from_le_bytes(*b"aaaaaaaa");
    let one = told(&[(1, "one", Happening::Connected(7)), (time, "a", Happening::Stalled)]);
    let other = told(&[(1, "one", Happening::Stalled), (7, "aaaaaaaaa", Happening::Stalled)]);
    assert_ne!(one.0, other.0);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_tells_the_same_and_another_one_does_not() {
    let run = async |seed| {
        let (broker, page) = world(seed).await;
        let clients = ["a", "b", "c"].map(|name| broker.client(name));
        for _ in 0..20 {
            let [a, b, c] = &clients;
            let sent =
                tokio::join!(a.append(append("x")), b.append(append("x")), c.append(append("x")));
            assert!(sent.0.is_ok() && sent.1.is_ok() && sent.2.is_ok());
        }
        page.told()
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}

/// A disk that is full at the end of the third line, and has room again after that.
struct Full {
    page: Page,
    lines: u32,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let ends = bytes.ends_with(b"\n");
        self.lines += u32::from(ends);
        if ends && self.lines == 3 {
            return Err(Error::other("the disk is full"));
        }
        self.page.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_that_could_not_be_written_is_told_of_and_leaves_no_hole() {
    let page = Page::default();
    let mut trace = Trace::new(Some(Box::new(Full { page: page.clone(), lines: 0 })));
    let mut silent = Trace::new(None);
    for at in 1..=5 {
        trace.observe(Timestamp(at), "one", &Happening::Stalled);
        silent.observe(Timestamp(at), "one", &Happening::Stalled);
    }
    assert_eq!((trace.hash(), trace.count()), (silent.hash(), 5), "the run is told whole");
    assert_eq!(trace.flush().unwrap_err().to_string(), "the disk is full");
    assert_eq!(page.told(), ["one broker stalled"; 3], "nothing after the line that broke off");
}
