//! For each probe a history that is in its situation once, and one that comes near it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod doubts;
mod handovers;
mod leaders;
mod lives;
mod rebalances;
mod script;
mod weather;

use std::collections::BTreeSet;

use probes::{CATALOGUE, Probe};
use script::History;

/// A probe, a history that hits it once, and one that does not.
type Case = (Probe, fn(&mut History) -> &mut History, fn(&mut History) -> &mut History);

fn cases() -> impl Iterator<Item = &'static Case> {
    let rooms = [
        leaders::CASES,
        rebalances::CASES,
        handovers::CASES,
        lives::CASES,
        doubts::CASES,
        weather::CASES,
    ];
    rooms.into_iter().flatten()
}

fn hits(probe: Probe, tell: fn(&mut History) -> &mut History) -> u64 {
    let mut history = History::new();
    tell(&mut history);
    history.hits.of(probe)
}

#[test]
fn a_probe_is_hit_by_its_situation_and_by_nothing_like_it() {
    let mut wrong = Vec::new();
    for (probe, hit, miss) in cases() {
        let counts = (hits(*probe, *hit), hits(*probe, *miss));
        if counts != (1, 0) {
            wrong.push((probe, counts));
        }
    }
    assert!(wrong.is_empty(), "hits in the situation and near it, not (1, 0): {wrong:?}");
}

#[test]
fn every_probe_has_its_histories() {
    let told: BTreeSet<Probe> = cases().map(|(probe, _, _)| *probe).collect();
    let missing: Vec<_> = CATALOGUE.iter().filter(|probe| !told.contains(probe)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn counts_are_told_by_name_zeros_too() {
    let mut history = History::new();
    assert_eq!((history.hits.reached(), history.hits.by_name().len()), (0, CATALOGUE.len()));
    history.settled().resign();
    assert_eq!(history.hits.by_name()["leader_resigned"], 1);
    assert_eq!(history.hits.by_name()["grant_repeated"], 0);
    assert_eq!(history.hits.reached(), 1);
}

#[test]
fn the_documentation_is_the_catalogue() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/probes.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let wanted: Vec<String> = CATALOGUE
        .iter()
        .map(|probe| format!("| `{}` | {} |", probe.name(), probe.situation()))
        .collect();
    assert!(rows == wanted, "docs/probes.md should hold:\n{}", wanted.join("\n"));
}
