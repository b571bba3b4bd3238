//! The selftest: in a build that has the planted bugs every one of them is found, by its class, and
//! docs/selftest.md says so; in a normal build there is none.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use common::Place;
use std::process::Command;

fn simulation() -> Command {
    Command::new(env!("CARGO_BIN_EXE_simulation"))
}

#[cfg(feature = "selftest")]
#[test]
fn every_bug_is_found_by_its_class_and_documented() {
    let place = Place::new("selftest");
    let table = place.text("selftest.md");
    let args = ["selftest", "--on-server", "--out", &place.text("out")];
    let output = simulation().args(args).args(["--markdown", &table]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let bugs = bugs::Bug::ALL.len();
    assert!(bugs >= 25 && said.matches("✓").count() > bugs, "{said}");

    // Everything but how soon it was found, which every change of the protocol changes.
    let rows = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.split('|').take(5).collect::<Vec<_>>().join("|")).collect()
    };
    let documented = include_str!("../../../docs/selftest.md");
    let now = std::fs::read_to_string(&table).unwrap();
    assert_eq!(rows(documented), rows(&now), "write docs/selftest.md anew; it says how");
}

#[cfg(feature = "selftest")]
#[test]
fn a_bug_that_is_found_as_something_else_is_an_error() {
    // Two seconds of virtual time are too short for a take-over.
    let place = Place::new("selftest-filter");
    let args = ["selftest", "--filter", "claim-without", "--seeds", "1", "--out"];
    let output = simulation().args(args).arg(place.text("out")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("✗ claim-without") && said.contains("not found in 1 seeds"), "{said}");

    let output = simulation().args(["selftest", "--filter", "nonsense"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("nonsense") && said.contains("effect-twice"), "{said}");
}

#[cfg(not(feature = "selftest"))]
#[test]
fn a_normal_build_has_no_bugs() {
    let place = Place::new("no-selftest");
    let output = simulation().arg("selftest").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--features selftest"), "{said}");

    place.file("c.yaml", common::TINY);
    let run = |bug: &str| {
        let mut command = simulation();
        command.args(["run", "--virtual", "--seed", "1", "--config", &place.text("c.yaml")]);
        command.args(["--report", &place.text("run")]).env("SIMULATION_BUG", bug);
        assert!(command.output().unwrap().status.success(), "{bug}");
        place.report("run")["virtual"]["trace_hash"].clone()
    };
    assert_eq!(run("message-skipped"), run("nonsense"), "nobody asks which bug it has");
}
