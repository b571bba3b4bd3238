//! What would make a run in virtual time differ from the next is not in the sources of the rooms that
//! take part in it. What clippy can see it refuses itself (`clippy.toml`); this sees the rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of which any part runs in virtual time, below the root of the project.
const ROOMS: &[&str] = &[
    "internal/model",
    "internal/broker",
    "internal/broker_virtual",
    "internal/parti",
    "internal/reports",
    "internal/producer",
    "internal/worker",
    "internal/coordinator",
    "internal/history",
    "internal/view",
    "internal/checkpoint",
    "internal/chaos",
    "internal/explore",
    "cmd/simulation",
];

/// What is refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("spawn_blocking", "a thread ends when it likes"),
    ("thread::spawn", "a thread does what it does when it likes"),
    ("block_in_place", "a thread does what it does when it likes"),
    ("rand::rng", "randomness is model::Seed's"),
    ("thread_rng", "randomness is model::Seed's"),
    ("getrandom", "randomness is model::Seed's"),
    ("OsRng", "randomness is model::Seed's"),
    ("RandomState", "differs from process to process"),
    ("std::env::var", "differs from process to process"),
    ("process::id", "differs from process to process"),
    ("available_parallelism", "differs from machine to machine"),
    ("{:p}", "addresses differ from process to process"),
];

/// Where it is right, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "internal/coordinator/src/run/keep.rs",
        "spawn_blocking",
        "noticed only when time has gone on",
    ),
    (
        "internal/coordinator/src/run/judging.rs",
        "thread::spawn",
        "waited for whenever it is looked at",
    ),
    ("cmd/simulation/src/virtual_time/mod.rs", "spawn_blocking", "the run as a whole"),
    ("cmd/simulation/src/exploring/mod.rs", "spawn_blocking", "many runs, from outside"),
    ("cmd/simulation/src/exploring/mod.rs", "available_parallelism", "how many run at once"),
    ("cmd/simulation/src/exploring/swarm.rs", "thread::spawn", "each run is on one of them"),
    (
        "internal/history/src/recording.rs",
        "thread::spawn",
        "nothing in the run depends on how far it is",
    ),
    ("cmd/simulation/src/benching/assign.rs", "spawn_blocking", "it measures CPU time"),
    ("cmd/simulation/src/selftest/mod.rs", "spawn_blocking", "other processes, from outside"),
    ("cmd/simulation/src/selftest/mod.rs", "std::env::var", "which bug a process has"),
    ("cmd/simulation/src/selftest/mod.rs", "available_parallelism", "how many are tried at once"),
    ("cmd/simulation/src/main.rs", "available_parallelism", "virtual time has its own thread"),
    ("cmd/simulation/src/events.rs", "spawn_blocking", "real time only"),
    ("cmd/simulation/src/register.rs", "process::id", "separate processes only"),
    ("cmd/simulation/src/logging.rs", "std::env::var", "how it looks"),
    ("cmd/simulation/src/connect.rs", "std::env::var", "where the server is"),
    ("cmd/simulation/src/setup.rs", "std::env::var", "who may command chaos"),
];

/// What is wrong with a source, with the words that say it.
fn wrong(text: &str) -> Vec<String> {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n").collect();
    let refused = REFUSED.iter().filter(|(word, _)| code.contains(word));
    let mut wrong: Vec<_> = refused.map(|(word, why)| format!("{word}: {why}")).collect();
    let selects = code.split("select!").skip(1);
    if selects.map(str::trim_start).any(|after| {
        let inside = after.strip_prefix('{').unwrap_or(after).trim_start();
        !inside.starts_with("biased;")
    }) {
        wrong.push("select!: without `biased;` it begins with a branch drawn at random".into());
    }
    let imports = code.split("tokio::sync::").skip(1);
    if imports.map(|after| after.split(';').next().unwrap_or("")).any(names_watch) {
        wrong
            .push("tokio::sync::watch: wakes in an order drawn at random; use model::watch".into());
    }
    wrong
}

/// Whether what comes after `tokio::sync::` is its watch, alone or in a list.
fn names_watch(path: &str) -> bool {
    let list = path.strip_prefix('{').and_then(|list| list.split('}').next());
    let mut names = list.unwrap_or(path).split(',').map(str::trim);
    names.any(|name| name.split("::").next().is_some_and(|name| name == "watch" || name == "*"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every source of a room that is part of the program.
fn sources(room: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(room).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_in_virtual_time_depends_on_anything_but_the_seed() {
    let (root, mut found) = (root(), vec![]);
    for room in ROOMS {
        let before = found.len();
        sources(&root.join(room).join("src"), &mut found);
        assert!(found.len() > before, "{room} has no sources");
    }
    let (mut used, mut wrongs) = (vec![false; ALLOWED.len()], vec![]);
    for path in found {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        for wrong in wrong(&fs::read_to_string(&path).unwrap()) {
            let allowed =
                |(at, word, _): &(&str, &str, &str)| *at == file && wrong.starts_with(word);
            match ALLOWED.iter().position(allowed) {
                Some(index) => used[index] = true,
                None => wrongs.push(format!("{file}: {wrong}")),
            }
        }
    }
    assert_eq!(wrongs, Vec::<String>::new(), "what is right nevertheless belongs to ALLOWED");
    let unused = ALLOWED.iter().zip(used).filter(|(_, used)| !used);
    assert_eq!(unused.count(), 0, "an exception that nobody needs hides the next one");
}

#[test]
fn what_is_refused_is_found() {
    #[rustfmt::skip]
    let bad = [
        "tokio::select! { a = b => {} }",
        "tokio::select! {\n    biased;\n a = b => {} }\n futures_util::select! {\n a = b => {} }",
        "use tokio::sync::watch;",
        "use tokio::sync::{mpsc, watch};",
        "use tokio::sync::watch::{Receiver, Sender};",
        "let (a, b) = tokio::sync::watch::channel(0);",
        "use tokio::sync::*;",
        "tokio::task::spawn_blocking(move || x)",
        "let home = std::env::var(\"HOME\");",
    ];
    for text in bad {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
    for text in [
        "tokio::select! {\n    biased;\n    a = b => {} }",
        "// tokio::select! { a = b => {} }, tokio::sync::watch",
        "use tokio::sync::{mpsc, oneshot};\nuse model::watch;",
    ] {
        assert_eq!(wrong(text), Vec::<String>::new(), "{text}");
    }
}
