//! `simulation bench`: measures what this program and its library can do, one benchmark a file. Here is
//! what they share: how a result is shown, and where it is written down.

mod assign;
mod parts;
mod pipeline;
mod recover;
mod servers;
mod settings;
mod trial;

use std::path::Path;

use bench::{Machine, with_section};
use model::Timestamp;
use serde_json::{Value, json};

use crate::cli::BenchCommand;
use crate::commands::wall_clock;
use crate::failure::Failure;
use crate::files;

/// What a page begins with that is made for its first section.
const HEAD: &str = "\
# Performance

Each section between markers is written by the command in it: `simulation bench … --markdown docs/performance.md`.
";

/// What came of a benchmark.
pub struct Findings {
    /// The name of the benchmark, as on the command line.
    pub name: &'static str,
    /// The heading of its section.
    pub title: &'static str,
    /// What it used besides this program, such as `nats-server 2.15.1`.
    pub used: Vec<String>,
    /// Tables and words, as Markdown that reads well on a terminal.
    pub body: String,
    /// The same for programs.
    pub json: Value,
    /// The exit code.
    pub code: u8,
}

/// Runs a benchmark, shows what came of it, and gives its exit code.
pub async fn run(command: BenchCommand) -> Result<u8, Failure> {
    let (findings, output) = match command {
        BenchCommand::Assign(args) => (assign::run(&args).await?, args.output),
        BenchCommand::Parts(args) => (parts::run(&args)?, args.output),
        BenchCommand::Pipeline(args) => (pipeline::run(&args).await?, args.output),
        BenchCommand::Recover(args) => (recover::run(&args).await?, args.output),
        BenchCommand::Bare(args) => return pipeline::bare::run(&args).await,
    };
    let about = About::now(&findings);
    if output.json {
        println!("{:#}", json!({ "about": about.json(), "findings": findings.json }));
    } else {
        println!("{}\n\n{}", about.text(), findings.body.trim_end());
    }
    if let Some(path) = &output.markdown {
        write_section(path, &findings, &about)?;
    }
    Ok(findings.code)
}

/// Under which circumstances something was found.
struct About {
    machine: Machine,
    versions: Vec<String>,
    command: String,
    date: String,
}

impl About {
    fn now(findings: &Findings) -> Self {
        let own =
            format!("simulation {} ({})", env!("CARGO_PKG_VERSION"), env!("SIMULATION_COMMIT"));
        let versions = [own, env!("SIMULATION_RUSTC").to_owned()].into_iter();
        Self {
            machine: Machine::here(),
            versions: versions.chain(findings.used.iter().cloned()).collect(),
            command: command(std::env::args().skip(1)),
            date: date(wall_clock()),
        }
    }

    fn text(&self) -> String {
        let Self { machine, versions, date, .. } = self;
        format!("{machine}; {}; {date}", versions.join("; "))
    }

    fn json(&self) -> Value {
        let Machine { cpu, cores, memory, kernel } = &self.machine;
        json!({
            "cpu": cpu,
            "cores": cores,
            "memory": memory,
            "kernel": kernel,
            "versions": self.versions,
            "command": self.command,
            "date": self.date,
        })
    }
}

fn write_section(path: &Path, findings: &Findings, about: &About) -> Result<(), Failure> {
    let page = files::read_or(path, HEAD)?;
    let Findings { name, title, body, .. } = findings;
    let section = format!(
        "## {title}\n\n```\n{}\n```\n\n{}.\n\n{}",
        about.command,
        about.text(),
        body.trim()
    );
    let page = with_section(&page, name, &section)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    files::write(path, &page)
}

/// A command line as it can be given again; what an address holds of a secret is not told.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let words = arguments.map(|argument| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
        match argument.split_once("://").and_then(|(scheme, rest)| {
            let (_, address) = rest.rsplit_once('@')?;
            Some(format!("{scheme}://***@{address}"))
        }) {
            Some(masked) => format!("'{masked}'"),
            None if !argument.is_empty() && argument.chars().all(plain) => argument,
            None => format!("'{}'", argument.replace('\'', r"'\''")),
        }
    });
    std::iter::once("bin/simulation".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// The day, in UTC, by the civil calendar (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
fn date(at: Timestamp) -> String {
    let days = at.0.div_euclid(86_400_000_000) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, name) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_088, "2024-12-31"),
            (20_089, "2025-01-01"),
        ] {
            assert_eq!(date(Timestamp(day * 86_400_000_000 + 5)), name);
        }
    }

    #[test]
    fn a_command_can_be_given_again_and_tells_no_secret() {
        let words = ["bench", "x y", "it's", "", "--set=a=1", "nats://me:secret@host:4222"];
        let line = command(words.into_iter().map(str::to_owned));
        let again = r"bin/simulation bench 'x y' 'it'\''s' '' --set=a=1 'nats://***@host:4222'";
        assert_eq!(line, again);
    }
}
