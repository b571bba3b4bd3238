//! A history as it is written: whole, in parts, cut, and on a disk that fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use coordinator::{
    Draining, End, Entry, Foreign, JudgeSettings, Promise, Recorder, RunInfo, Verdict,
};
use flate2::read::GzDecoder;
use history::{Header, HistoryError, Line, Lines, Pace, Recording, Series, bytes_in, check};
use history::{forget_in, next_in};
use model::{Seed, Timestamp};

fn settings() -> JudgeSettings {
    let second = Duration::from_secs(1);
    JudgeSettings {
        partitions: 2,
        weights: None,
        lease: second,
        unowned_bound: second * 2,
        startup_bound: second * 3,
        stall: second * 4,
        processing_min: second / 3,
        promise: Promise::AtLeastOnce { reach: second * 5 },
        sticky: true,
        required: vec![coordinator::Required::Fault("worker_crash".into())],
        started_at: Timestamp(7),
    }
}

fn header(after: u64) -> Header {
    let mut header = Header::new(settings(), Seed(9), "abc");
    header.after = after;
    header
}

fn end() -> End {
    End {
        at: Timestamp(99),
        drained_within: true,
        broker_reachable: true,
        interrupted: false,
        resources: [("memory".to_owned(), 1.5)].into(),
    }
}

fn said(at: i64) -> Entry {
    Entry::Foreign(Foreign { at: Timestamp(at), pos: None })
}

/// A part of a history that records `entries`, with an end if the run `ends`.
fn part(dir: &Path, after: u64, entries: &[Entry], ends: bool) {
    let recording = Recording::create(&next_in(dir), &header(after), u64::MAX, Pace::Real);
    let mut recording = recording.unwrap();
    entries.iter().for_each(|entry| recording.record(entry));
    if ends {
        recording.end(&end(), &RunInfo { reproduce: "again".into(), ..RunInfo::default() });
    }
}

fn text(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_is_recorded_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let entries = [said(1), Entry::Draining(Draining { at: Timestamp(2) })];
    part(dir.path(), 0, &entries, true);
    let path = dir.path().join("history.jsonl.gz");
    let (header, mut lines) = Lines::open(&path).unwrap();
    assert_eq!(
        (header.settings(), header.seed, header.commit.as_str()),
        (settings(), Seed(9), "abc")
    );
    for entry in entries {
        assert_eq!(lines.read().unwrap(), Some(Line::Entry(Box::new(entry))));
    }
    let Some(Line::End(ending)) = lines.read().unwrap() else { panic!("there is an end") };
    assert_eq!((ending.at, ending.reproduce.as_str()), (Timestamp(99), "again"));
    assert_eq!(ending.resources, end().resources);
    assert_eq!(lines.read().unwrap(), None);
    assert_eq!(bytes_in(dir.path()), fs::metadata(&path).unwrap().len());
    forget_in(dir.path()).unwrap();
    assert!(!path.exists());
}

/// How many foreign records were judged, and why no more.
fn judged(dir: &Path) -> (u64, u64, Option<String>) {
    let checked = check(Series::open(dir).unwrap()).unwrap();
    (checked.report.totals.foreign, checked.told, checked.cut)
}

#[test]
fn a_part_counts_up_to_where_a_later_one_begins() {
    let dir = tempfile::tempdir().unwrap();
    let said: Vec<Entry> = (1..=9).map(said).collect();
    part(dir.path(), 0, &said[..5], false);
    assert_eq!(judged(dir.path()).0, 5);
    // Gone on from after the third.
    part(dir.path(), 3, &said[3..7], false);
    assert_eq!(judged(dir.path()).0, 7);
    // And again, from a checkpoint that is older still: what the second said does not count.
    part(dir.path(), 2, &said[2..3], false);
    let (foreign, told, cut) = judged(dir.path());
    assert_eq!((foreign, told), (3, 3));
    assert!(cut.unwrap().contains("has no end"));
    part(dir.path(), 3, &said[3..9], true);
    assert_eq!(judged(dir.path()), (9, 9, None));
}

#[test]
fn what_is_missing_between_two_parts_is_not_made_up() {
    let dir = tempfile::tempdir().unwrap();
    part(dir.path(), 0, &[said(1), said(2)], false);
    part(dir.path(), 5, &[said(6)], true);
    let checked = check(Series::open(dir.path()).unwrap()).unwrap();
    assert_eq!(checked.report.totals.foreign, 2);
    assert_eq!(checked.report.verdict, Verdict::Inconclusive);
    let why = checked.cut.unwrap();
    assert!(why.contains("2 to 5 is missing"), "{why}");
    // The first part is not there at all.
    fs::remove_file(dir.path().join("history.jsonl.gz")).unwrap();
    fs::rename(dir.path().join("history-2.jsonl.gz"), dir.path().join("history.jsonl.gz")).unwrap();
    let (foreign, _, cut) = judged(dir.path());
    assert_eq!(foreign, 0);
    assert!(cut.unwrap().contains("0 to 5 is missing"));
}

#[test]
fn a_part_that_was_never_begun_is_left_out_unless_it_is_the_first() {
    let dir = tempfile::tempdir().unwrap();
    part(dir.path(), 0, &[said(1), said(2)], false);
    fs::write(next_in(dir.path()), "").unwrap();
    part(dir.path(), 2, &[said(3)], true);
    assert_eq!(judged(dir.path()), (3, 3, None));
    fs::write(dir.path().join("history.jsonl.gz"), "").unwrap();
    let error: HistoryError = Series::open(dir.path()).err().unwrap();
    assert!(error.to_string().ends_with("it is empty"), "{error}");
}

#[test]
fn a_history_that_is_full_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = next_in(dir.path());
    let mut recording = Recording::create(&path, &header(0), 2_000, Pace::Real).unwrap();
    for at in 0..10_000 {
        recording.record(&said(at));
        if at % 100 == 0 {
            recording.flush();
        }
    }
    recording.end(&end(), &RunInfo::default());
    let size = fs::metadata(&path).unwrap().len();
    assert!((2_000..4_000).contains(&size), "{size}");
    let last = text(&path).lines().last().unwrap().to_owned();
    assert!(last.starts_with("{\"kind\":\"cut\",\"why\":\"it was full"), "{last}");
    let (foreign, _, cut) = judged(dir.path());
    assert!(foreign > 100 && foreign < 10_000, "{foreign}");
    assert!(cut.unwrap().contains("coordinator.history_max"));
}

#[test]
fn what_was_flushed_survives_its_program() {
    let dir = tempfile::tempdir().unwrap();
    let path = next_in(dir.path());
    let mut recording = Recording::create(&path, &header(0), u64::MAX, Pace::Real).unwrap();
    recording.record(&said(1));
    recording.flush();
    let copied = dir.path().join("copy");
    // Another thread writes it, soon.
    while judged(&path).0 == 0 {}
    fs::copy(&path, &copied).unwrap();
    drop(recording);
    assert_eq!(judged(&copied).0, 1, "as a killed program leaves it");
}

#[test]
fn a_long_history_is_not_kept_until_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = next_in(dir.path());
    let mut recording = Recording::create(&path, &header(0), u64::MAX, Pace::Virtual).unwrap();
    (0..10_000).for_each(|at| recording.record(&said(at)));
    // Another thread writes it, soon.
    while judged(&path).0 < 500 {}
    drop(recording);
    assert_eq!(judged(&path).0, 10_000);
}

#[test]
fn a_disk_that_takes_nothing_is_known_at_the_beginning() {
    let full = Recording::create(Path::new("/dev/full"), &header(0), u64::MAX, Pace::Real);
    assert!(full.err().unwrap().to_string().contains("No space left"));
    let nowhere = Path::new("/nowhere/history.jsonl.gz");
    assert!(Recording::create(nowhere, &header(0), u64::MAX, Pace::Real).is_err());
}

#[test]
fn a_disk_that_fails_costs_the_history_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let opened = pipe.clone();
    let reader = std::thread::spawn(move || File::open(opened).unwrap());
    let mut recording = Recording::create(&pipe, &header(0), u64::MAX, Pace::Virtual).unwrap();
    // From here on nobody takes anything any more.
    drop(reader.join().unwrap());
    for at in 0..200_000 {
        recording.record(&said(at));
    }
    recording.end(&end(), &RunInfo::default());
}
