//! The kill matrix: which bug was found by which check, as text, JSON and documentation.

use std::fmt::Write;

use bugs::Bug;
use coordinator::{Class, Rule};
use serde_json::{Value, json};

use super::catalogue::expected;
use super::trial::Tried;

/// What was tried, in the order of the catalogue; in virtual time first.
pub struct Matrix(Vec<Tried>);

impl Matrix {
    /// Of what was tried, in any order.
    pub fn of(mut tried: Vec<Tried>) -> Self {
        tried.sort_by_key(|tried| (tried.bug, tried.on_server));
        Self(tried)
    }

    /// Whether everything was tried.
    pub fn is_complete(&self, all: usize) -> bool {
        self.0.len() == all
    }

    /// What is not as it should be.
    pub fn wrong(&self) -> impl Iterator<Item = &Tried> {
        self.0.iter().filter(|tried| tried.wrong.is_some())
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for tried in &self.0 {
            let mark = if tried.wrong.is_none() { '✓' } else { '✗' };
            let found = tried.wrong.clone().unwrap_or_else(|| summary(tried));
            _ = writeln!(text, "{mark} {:<36} {:<9} {found}", name(tried), world(tried));
        }
        let (all, wrong) = (self.0.len(), self.wrong().count());
        _ = writeln!(text, "{} of {all} as they should be", all - wrong);
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let tried = self.0.iter().map(|tried| {
            json!({
                "bug": name(tried),
                "room": tried.bug.map(Bug::room),
                "about": tried.bug.map(Bug::about),
                "world": world(tried),
                "expected": tried.bug.map(|bug| expected(bug).class),
                "found": tried.found.iter().map(|(class, rule)| json!({"class": class, "rule": rule}))
                    .collect::<Vec<_>>(),
                "seeds": tried.seeds,
                "seconds": tried.seconds,
                "wrong": tried.wrong,
            })
        });
        json!({ "commit": env!("SIMULATION_COMMIT"), "tried": tried.collect::<Vec<_>>() })
    }

    /// For docs/selftest.md.
    pub fn markdown(&self) -> String {
        let mut text = String::from(HEAD);
        for tried in self.0.iter().filter(|tried| !tried.on_server) {
            let Some(bug) = tried.bug else { continue };
            let server = self.0.iter().find(|other| other.on_server && other.bug == tried.bug);
            let server = server.map_or_else(String::new, |server| match &server.wrong {
                None => format!("{:.0} s", server.seconds),
                Some(wrong) => wrong.clone(),
            });
            let found = tried.wrong.clone().unwrap_or_else(|| checks(tried));
            let seeds = match bug {
                Bug::Canary => "exactly its 10 of 50".to_owned(),
                _ => tried.seeds.to_string(),
            };
            _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {found} | {seeds} | {server} |",
                bug.name(),
                bug.room(),
                bug.about().trim_end_matches('.'),
                expected(bug).class.words(),
            );
        }
        text
    }
}

const HEAD: &str = "\
# The judge, judged

`simulation selftest` plants one bug after the other in the code under test and sees whether the judge finds it, by
the right class. A bug that is not found, one that is found as something else, and anything that is found without a
bug is an error (exit code 1). This file is written by

```
cargo run --release -p simulation --features selftest -- selftest --on-server --markdown docs/selftest.md
```

*Class* is what the bug has to be found as; *checks* are the rules that were broken in the run that found it
(`internal/coordinator/src/class.rs`), with the class where it is another one that may come along. *Seeds* is how many
scenarios of configs/selftest.yaml were run in virtual time until one found it. *Server* is the length of the run that
found it on a real nats-server (configs/selftest-server.yaml), for bugs that show within seconds there.
The bugs are in no normal build: `internal/bugs` says how.

| bug | room | what goes wrong | class | checks | seeds | server |
|---|---|---|---|---|---|---|
";

fn name(tried: &Tried) -> &'static str {
    tried.bug.map_or("(none)", Bug::name)
}

fn world(tried: &Tried) -> &'static str {
    if tried.on_server { "server" } else { "virtual" }
}

fn summary(tried: &Tried) -> String {
    match tried.bug {
        None => format!("nothing found in {} seeds", tried.seeds),
        Some(Bug::Canary) => format!("{} in exactly its seeds", checks(tried)),
        Some(_) if tried.on_server => format!("{} after {:.0} s", checks(tried), tried.seconds),
        Some(_) => format!("{} in seed {}", checks(tried), tried.seeds - 1),
    }
}

/// The checks that found it; those of another class with that class.
fn checks(tried: &Tried) -> String {
    let own = tried.bug.map(|bug| expected(bug).class);
    let word = |(class, rule): &(Class, Rule)| match own == Some(*class) {
        true => format!("{rule:?}"),
        false => format!("{rule:?} ({})", class.words()),
    };
    tried.found.iter().map(word).collect::<Vec<_>>().join(", ")
}
