//! docs/metrics.md describes every family there is, in the registry's own words.
//!
//! `UPDATE_DOCS=1 cargo test -p metrics --test documentation` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fmt::Write;
use std::path::Path;

use metrics::{Described, Metrics, Role};

/// Between these the tables stand; around them is written by hand.
const BEGIN: &str = "<!-- the registry says: -->\n";
const END: &str = "<!-- that was the registry -->\n";

fn heading(role: Role) -> &'static str {
    match role {
        Role::Run => "All-in-one and coordinator",
        Role::Producer => "Producer",
        Role::Worker => "Worker",
        Role::Chaos => "Chaos controller",
    }
}

fn tables() -> String {
    let mut text = String::new();
    for role in Role::ALL {
        writeln!(
            text,
            "\n## {}\n\n| family | type | labels | says |\n|---|---|---|---|",
            heading(role)
        )
        .unwrap();
        for Described { name, kind, labels, help } in Metrics::of(role).unwrap().described() {
            let labels =
                labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
            writeln!(text, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
        }
    }
    text.push('\n');
    text
}

#[test]
fn every_family_is_described_as_the_registry_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark before the tables");
    let (written, after) = rest.split_once(END).expect("the mark after the tables");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", tables())).unwrap();
        return;
    }
    assert!(written == tables(), "docs/metrics.md is out of date; run with UPDATE_DOCS=1");
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for role in Role::ALL {
        let metrics = Metrics::of(role).unwrap();
        assert!(metrics.described().len() >= 8, "{role:?}");
        for Described { name, kind, help, .. } in metrics.described() {
            assert!(name.starts_with("simulation_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == "counter", "{name} is a {kind}");
            assert!(help.ends_with('.') && !help.contains('|') && !help.contains('\n'), "{name}");
        }
    }
}
