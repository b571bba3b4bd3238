use std::time::Duration;

use broker::{Seq, Subject};
use broker_virtual::{Options, VirtualBroker};
use model::{Seed, Timestamp};
use parti::Names;

use super::*;
use crate::run::feed::{Ahead, Read};
use crate::run::record::Recorder;
use crate::run::trim::Trims;
use crate::{End, Entry, Judge, JudgeSettings, Promise, RunInfo};

/// A judge that has lost nothing up to `whole`.
fn feed(whole: u64) -> Feed {
    let judge = Judge::new(JudgeSettings {
        partitions: 1,
        weights: None,
        lease: Duration::from_secs(2),
        unowned_bound: Duration::from_secs(7),
        startup_bound: Duration::from_secs(20),
        processing_min: Duration::ZERO,
        stall: Duration::from_secs(10),
        promise: Promise::ExactlyOnce,
        sticky: true,
        required: vec![],
        started_at: Timestamp(0),
    });
    let names = Names::new("T").unwrap();
    let client = VirtualBroker::new(Options::new(Seed(1))).client("judge");
    let trims = Trims::new(client, names.clone(), 100);
    let ahead =
        Ahead { whole: Read { messages: Seq(whole), ..Read::default() }, ..Ahead::default() };
    Feed::new(judge, trims, names, Read::default(), ahead)
}

/// Records that are no messages.
fn batch(seqs: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    let subject = Subject::new("T.msg.0").unwrap();
    let record = |seq| Record {
        subject: subject.clone(),
        seq: Seq(seq),
        stored_at_us: 0,
        payload: "?".into(),
        pending: 0,
    };
    seqs.map(record).collect()
}

fn read(judging: &mut Judging) -> u64 {
    judging.feed().unwrap().read.messages.0
}

#[tokio::test(start_paused = true)]
async fn the_judge_knows_what_it_was_told_and_not_what_is_noted() {
    let mut judging = Judging::new(feed(0));
    judging.go_on().unwrap();
    assert_eq!(read(&mut judging), 0, "it was told nothing");
    judging.note(Source::Messages, batch(1..=3)).unwrap();
    judging.note(Source::Messages, batch(4..=5)).unwrap();
    assert_eq!(read(&mut judging), 0);
    judging.go_on().unwrap();
    judging.note(Source::Messages, batch(6..=6)).unwrap();
    assert_eq!(read(&mut judging), 5);
    assert_eq!(judging.feed().unwrap().told, 5, "each once");
    let feed = judging.end().unwrap();
    assert_eq!((feed.read.messages.0, feed.told), (6, 6), "in the end it knows all");
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_not_kept_until_somebody_asks() {
    let mut judging = Judging::new(feed(0));
    let most = NOTED_MAX as u64;
    for seq in 1..=2 * most + 1 {
        judging.note(Source::Messages, batch(seq..=seq)).unwrap();
    }
    assert_eq!(judging.noted, 1);
    assert_eq!(read(&mut judging), 2 * most);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_said_to_whoever_asks() {
    let mut judging = Judging::new(feed(9));
    judging.note(Source::Messages, batch(2..=2)).unwrap();
    judging.go_on().unwrap();
    let error = judging.feed().err().expect("the first record is missing");
    assert!(matches!(error, CoordinatorError::Missing { next: Seq(2), .. }), "{error}");
    assert!(judging.feed().is_ok(), "once");
}

/// Cannot write.
#[derive(Debug)]
struct NoInk;

impl Recorder for NoInk {
    fn record(&mut self, _: &Entry) {
        panic!("no ink");
    }

    fn flush(&mut self) {}

    fn end(&mut self, _: &End, _: &RunInfo) {}
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the judge panicked: no ink")]
async fn its_panics_are_heard() {
    let mut feed = feed(0);
    feed.recorder = Some(Box::new(NoInk));
    let mut judging = Judging::new(feed);
    judging.note(Source::Messages, batch(1..=1)).unwrap();
    judging.go_on().unwrap();
    let _ = judging.feed();
}
