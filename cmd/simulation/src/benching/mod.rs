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

use crate::cli::{BenchCommand, BenchOutput};
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
    match command {
        BenchCommand::Assign(args) => {
            let output = Output::new("assign", &args.output)?;
            output.show(assign::run(&args).await?)
        }
        BenchCommand::Parts(args) => {
            let output = Output::new("parts", &args.output)?;
            output.show(parts::run(&args)?)
        }
        BenchCommand::Pipeline(args) => {
            let output = Output::new("pipeline", &args.output)?;
            output.show(pipeline::run(&args).await?)
        }
        BenchCommand::Recover(args) => {
            let output = Output::new("recover", &args.output)?;
            output.show(recover::run(&args).await?)
        }
        BenchCommand::Bare(args) => pipeline::bare::run(&args).await,
    }
}

/// Where the findings of a benchmark go.
struct Output<'a> {
    /// The name of the benchmark, as on the command line.
    name: &'static str,
    json: bool,
    page: Option<&'a Path>,
}

impl<'a> Output<'a> {
    /// Fails, before anything is measured, if the page cannot take a section.
    fn new(name: &'static str, args: &'a BenchOutput) -> Result<Self, Failure> {
        let output = Self { name, json: args.json, page: args.markdown.as_deref() };
        if let Some(path) = output.page {
            output.page_with(path, "")?;
            files::can_be_written(path)?;
        }
        Ok(output)
    }

    /// Shows them, and gives the exit code.
    fn show(&self, findings: Findings) -> Result<u8, Failure> {
        let about = About::now(&findings);
        if self.json {
            println!("{:#}", json!({ "about": about.json(), "findings": findings.json }));
        } else {
            println!("{}\n\n{}", about.text(), findings.body.trim_end());
        }
        if let Some(path) = self.page {
            let Findings { title, body, .. } = &findings;
            let (command, about, body) = (&about.command, about.text(), body.trim());
            let section = format!("## {title}\n\n```\n{command}\n```\n\n{about}.\n\n{body}");
            files::write(path, &self.page_with(path, &section)?)?;
        }
        Ok(findings.code)
    }

    /// The page at `path` as it is with this section.
    fn page_with(&self, path: &Path, section: &str) -> Result<String, Failure> {
        let page = files::read_or(path, HEAD)?;
        with_section(&page, self.name, section)
            .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
    }
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
