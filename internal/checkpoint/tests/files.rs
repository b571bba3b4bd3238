//! Checkpoints on disk: what is written is read, what may not be gone on from is refused with the
//! reason and the next older good one, and a disk that fails leaves the older ones alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checkpoint::{
    CheckpointError, Checkpoints, Expected, Place, Refusal, RunKeeper, VERSION, configuration_hash,
};
use coordinator::{
    Cause, ChaosPosition, Judge, JudgeSettings, Keeper, ProducerReport, Progress, RunState,
};
use model::{ProducerId, Seed, Timestamp};

const CONFIGURATION: &str = "simulation:\n  duration: 3d\nworkers:\n  count: 10\n";

fn state(at: i64) -> RunState {
    let mut judge = Judge::new(JudgeSettings {
        partitions: 4,
        weights: None,
        lease: Duration::from_secs(3),
        unowned_bound: Duration::from_secs(8),
        startup_bound: Duration::from_secs(20),
        processing_min: Duration::ZERO,
        stall: Duration::from_secs(15),
        promise: coordinator::Promise::ExactlyOnce,
        sticky: true,
        required: vec![],
        started_at: Timestamp(1),
    });
    judge.producer_report(ProducerReport {
        producer: ProducerId("producer-0".into()),
        session: 1,
        at: Timestamp(at),
        partitions: Default::default(),
        retries: 17,
        rejected: 0,
        recovered: 0,
        shed: 0,
        publishing: None,
        finished: false,
    });
    let mut progress = Progress { totals: judge.totals(), ..Progress::default() };
    progress.elapsed = Duration::from_nanos(1_234_567_891);
    progress.read.messages = broker::Seq(900);
    let chaos = ChaosPosition { elapsed: Duration::from_secs(1), next_fault: 9 };
    RunState {
        at: Timestamp(at),
        cause: Cause::Interrupted,
        progress,
        chaos: Some(chaos),
        judge,
        told: 0,
    }
}

fn keeper(dir: &Path, keep: usize) -> RunKeeper {
    RunKeeper {
        place: Place::among(Checkpoints::open(dir, keep).unwrap()),
        seed: Seed(7),
        commit: "abc".into(),
        configuration: CONFIGURATION.into(),
        run_directory: "/runs/1-7".into(),
    }
}

fn files(keeper: &RunKeeper) -> Vec<PathBuf> {
    let Place::Files(files, _) = &keeper.place else { panic!("{keeper:?}") };
    files.list().unwrap()
}

fn save(keeper: &RunKeeper, at: i64) -> PathBuf {
    keeper.keep(&state(at)).unwrap().place.into()
}

fn refusal(path: &Path, expected: &Expected) -> (Refusal, Option<PathBuf>, String) {
    let error = Checkpoints::load(path, expected).unwrap_err();
    let text = error.to_string();
    match error {
        CheckpointError::Refused { why, older, .. } => (why, older, text),
        error => panic!("{error}"),
    }
}

fn any() -> Expected {
    Expected::default()
}

fn own() -> Expected {
    Expected { seed: Some(Seed(7)), configuration: Some(CONFIGURATION.into()) }
}

#[test]
fn what_is_written_is_read_and_the_newest_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path(), 2);
    let paths: Vec<_> = [1, 2, 30].into_iter().map(|at| save(&keeper, at)).collect();
    assert_eq!(files(&keeper), paths[1..]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside them");
    let (path, read) = Checkpoints::newest(dir.path(), &own()).unwrap();
    assert_eq!((&path, &*read.configuration), (&paths[2], CONFIGURATION));
    let spelled = |state: &RunState| serde_json::to_string(state).unwrap();
    assert_eq!(spelled(&read.state), spelled(&state(30)));
    assert_eq!(read.state.progress, state(30).progress);
    let (_, header) = Checkpoints::newest_header(dir.path()).unwrap();
    assert_eq!(header, read.header);
    assert_eq!((header.seed, header.at, header.version), (Seed(7), Timestamp(30), VERSION));
    assert_eq!(header.run_directory, Path::new("/runs/1-7"));
    // The first line is for people.
    let bytes = fs::read(&path).unwrap();
    let line = String::from_utf8_lossy(bytes.split(|byte| *byte == b'\n').next().unwrap());
    assert!(
        line.starts_with("{\"format\":\"parti-simulation checkpoint\",\"version\":3,"),
        "{line}"
    );
    assert!(line.contains(&format!("{:08x}", configuration_hash(CONFIGURATION))), "{line}");
}

#[test]
fn damage_of_any_byte_is_seen_and_the_next_older_good_one_is_offered() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path(), 9);
    let (oldest, older, newest) = (save(&keeper, 1), save(&keeper, 2), save(&keeper, 3));
    let whole = fs::read(&newest).unwrap();
    for index in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[index] ^= 1;
        fs::write(&newest, damaged).unwrap();
        let (_, offered, _) = refusal(&newest, &own());
        assert_eq!(offered.as_ref(), Some(&older), "byte {index}");
    }
    for length in [0, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        fs::write(&newest, &whole[..length]).unwrap();
        let (why, _, text) = refusal(&newest, &own());
        assert!(matches!(why, Refusal::Damaged(_) | Refusal::Foreign), "{length}: {text}");
    }
    let (_, _, text) = refusal(&newest, &own());
    let offer = format!("the next older good one: --resume {}", older.display());
    assert!(text.ends_with(&offer), "{text}");
    assert!(text.contains("is damaged: it has"), "{text}");
    // A damaged one is not offered, nor is a newer one.
    fs::write(&older, "").unwrap();
    assert_eq!(refusal(&newest, &own()).1.as_ref(), Some(&oldest));
    fs::write(&newest, &whole).unwrap();
    fs::write(&oldest, "").unwrap();
    let (_, offered, text) = refusal(&older, &own());
    assert!(offered.is_none() && text.ends_with("no older one beside it is good"), "{text}");
    fs::remove_file(&older).unwrap();
    assert!(matches!(refusal(&older, &own()).0, Refusal::Unreadable(_)), "it is not there");
}

#[test]
fn what_belongs_to_others_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path(), 9);
    let (older, newest) = (save(&keeper, 1), save(&keeper, 2));
    let seed = Expected { seed: Some(Seed(8)), ..any() };
    let (why, offered, text) = refusal(&newest, &seed);
    assert!(matches!(why, Refusal::OtherSeed { found: Seed(7), asked: Seed(8) }), "{text}");
    assert_eq!(offered, None, "the older one has that seed, too");
    let other = CONFIGURATION.replace("count: 10", "count: 20");
    let (_, _, text) = refusal(&newest, &Expected { configuration: Some(other), ..any() });
    assert!(text.contains("workers.count is 20, was 10"), "{text}");
    assert!(Checkpoints::load(&newest, &any()).is_ok(), "nothing was asked for");
    for foreign in ["hello\n", "{\"a\":1}\n", "{\"format\":\"a\",\"version\":3}\n", "\n", "[]\n"] {
        fs::write(&newest, foreign).unwrap();
        let (why, offered, text) = refusal(&newest, &own());
        assert!(matches!(why, Refusal::Foreign), "{text}");
        assert_eq!(offered.as_ref(), Some(&older));
    }
    let whole = fs::read(&older).unwrap();
    let newer = String::from_utf8_lossy(&whole).replace("\"version\":3", "\"version\":4");
    fs::write(&newest, newer).unwrap();
    let (why, _, text) = refusal(&newest, &own());
    assert!(matches!(why, Refusal::Version(4)), "{text}");
    assert!(text.contains("of version 4, and this program reads version 3"), "{text}");
    fs::write(&newest, "{\"version\":1,\"at\":5}\n01234567\n").unwrap();
    assert!(matches!(refusal(&newest, &own()).0, Refusal::Version(1)));
    let empty = tempfile::tempdir().unwrap();
    let error = Checkpoints::newest(empty.path(), &any()).unwrap_err();
    assert!(matches!(error, CheckpointError::None(_)), "{error}");
}

#[test]
fn a_full_disk_is_an_error_and_the_older_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path(), 1);
    let older = save(&keeper, 1);
    let whole = fs::read(&older).unwrap();
    // What is written for the second one goes to a disk that is always full.
    let beside = older.with_file_name("checkpoint-00000000000000000002.tmp");
    symlink("/dev/full", &beside).unwrap();
    let error = keeper.keep(&state(2)).unwrap_err();
    assert!(error.contains("No space left on device"), "{error}");
    assert!(error.contains("is there room?"), "{error}");
    assert_eq!(files(&keeper), [older.as_path()]);
    assert_eq!(fs::read(&older).unwrap(), whole);
    assert!(!beside.exists(), "what was begun is gone");
    assert_eq!(Checkpoints::newest(dir.path(), &own()).unwrap().0, older);
    let newest = save(&keeper, 2);
    assert_eq!(files(&keeper), [newest]);
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for bad in [file.as_path(), Path::new("/proc/checkpoints"), Path::new("/proc/self")] {
        let error = Checkpoints::open(bad, 1).unwrap_err();
        assert!(error.to_string().contains("writable"), "{error}");
    }
    let gone = dir.path().join("gone");
    let keeper = keeper(&gone, 1);
    fs::remove_dir(&gone).unwrap();
    assert!(keeper.keep(&state(1)).unwrap_err().contains("writable"));
}

#[test]
fn what_a_program_that_was_killed_had_begun_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let begun = dir.path().join("checkpoint-00000000000000000001.tmp");
    let foreign = dir.path().join("notes.tmp");
    fs::write(&begun, "{").unwrap();
    fs::write(&foreign, "mine").unwrap();
    Checkpoints::open(dir.path(), 1).unwrap();
    assert!(!begun.exists() && foreign.exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and leaves nothing itself");
}
