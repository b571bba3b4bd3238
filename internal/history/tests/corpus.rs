//! Hand-written histories, each with what must be made of it in its first line. They are also what the
//! format looks like: `note` says what to look at.
#![allow(clippy::unwrap_used, reason = "a history that cannot be read is a broken test")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use coordinator::{Class, Verdict};
use history::{Line, Series, check};
use serde::Deserialize;
use serde_json::Value;

/// What must be made of a history.
#[derive(Deserialize)]
struct Expect {
    verdict: Verdict,
    anomalies: BTreeMap<Class, u64>,
    /// Figures of the report that matter.
    #[serde(default)]
    totals: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct First {
    note: String,
    expect: Expect,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The histories of a directory, by the name of their file.
fn histories(dir: &Path) -> BTreeMap<String, PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), path)).collect()
}

fn directories() -> BTreeMap<String, PathBuf> {
    histories(&corpus())
}

fn first(path: &Path) -> First {
    let mut line = String::new();
    BufReader::new(File::open(path).unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

#[test]
fn every_history_is_judged_as_it_says() {
    let mut count = 0;
    for path in directories().values().flat_map(|dir| histories(dir).into_values()) {
        let First { note, expect } = first(&path);
        let checked = check(Series::open(&path).unwrap()).unwrap();
        let report = &checked.report;
        let found: BTreeMap<_, _> = report.anomalies.found().collect();
        assert_eq!(found, expect.anomalies, "{path:?}: {note}\n{}", report.text());
        assert_eq!(report.verdict, expect.verdict, "{path:?}: {note}\n{}", report.text());
        assert_eq!(checked.cut, None, "{path:?} has an end");
        let totals: Value = serde_json::to_value(&report.totals).unwrap();
        for (name, value) in expect.totals {
            assert_eq!(totals[&name], value, "{path:?}: {name}");
        }
        // And it says so: whatever is found is shown with the records that show it.
        assert_eq!(report.findings.is_empty(), found.is_empty(), "{path:?}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn every_class_has_two_bad_histories_and_two_that_only_come_near() {
    let dirs = directories();
    for class in Class::ALL {
        let word = serde_json::to_value(class).unwrap();
        let dir = dirs.get(word.as_str().unwrap()).unwrap_or_else(|| panic!("{word} has none"));
        let (mut bad, mut good) = (0, 0);
        for (name, path) in histories(dir) {
            let Expect { verdict, anomalies, .. } = first(&path).expect;
            if name.starts_with("bad-") {
                assert_eq!(anomalies.into_keys().collect::<Vec<_>>(), [class], "{path:?}");
                bad += 1;
            } else {
                assert!(name.starts_with("good-"), "{path:?}");
                assert_eq!((verdict, anomalies.len()), (Verdict::Pass, 0), "{path:?}");
                good += 1;
            }
        }
        assert!(bad >= 2 && good >= 2, "{word}: {bad} bad, {good} good");
    }
    let counted = histories(&dirs["counted"]);
    for what in ["recovered", "reprocessed", "fenced", "redelivered"] {
        let of = |(name, path): (&String, &PathBuf)| {
            name.starts_with(what) && first(path).expect.totals.get(what).is_some_and(|n| *n > 0)
        };
        assert!(counted.iter().filter(|one| of(*one)).count() >= 2, "{what}");
    }
}

#[test]
fn what_is_read_is_written_the_same() {
    let mut count = 0;
    for path in directories().values().flat_map(|dir| histories(dir).into_values()) {
        for line in fs::read_to_string(&path).unwrap().lines().skip(1) {
            let Line::Entry(entry) = Line::parse(line.as_bytes()).unwrap() else { continue };
            let mut given: Value = serde_json::from_str(line).unwrap();
            given.as_object_mut().unwrap().remove("note");
            assert_eq!(serde_json::to_value(&entry).unwrap(), given, "{path:?}");
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}
