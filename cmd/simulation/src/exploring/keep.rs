//! What a seed that failed leaves behind: everything that is needed to see it fail again.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use config::Config;
use explore::{Fate, Frame, Outcome, Shrunk, draw, shrink};
use model::{Seed, Timestamp, watch};
use web::Shared;

use super::line::Line;
use super::one;
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::virtual_time::{Left, Outside};

/// The most runs that making a scenario smaller takes.
const SHRINKING_MAX: usize = 500;

/// Keeps seeds that failed.
pub struct Keeping<'a> {
    /// Where.
    pub out: &'a Path,
    /// What scenarios are drawn from.
    pub frame: &'a Frame,
    /// Whether scenarios are made smaller.
    pub shrinks: bool,
    /// Raised when nothing more is to be begun.
    pub stop: &'a watch::Receiver<bool>,
}

impl Keeping<'_> {
    /// Leaves a directory for a seed that failed, and says so.
    pub fn keep(&self, failed: &Outcome, line: &Line) -> Result<(), Failure> {
        let seed = failed.seed;
        let scenario = draw(self.frame, Seed(seed));
        let dir = self.out.join(format!("seed-{seed}"));
        let run_dir = RunDir::create(Some(dir.clone()), Timestamp(0), Seed(seed))?;
        let command = write_scenario(&dir, "scenario.yaml", &scenario, seed)?;
        println!("✗ seed {seed}: {}", failed.reasons.join("; "));
        println!("  again: {command}");
        let again = self.again(failed, &scenario, &run_dir, &command)?;
        let mut about = format!(
            "seed:      {seed}\ncommit:    {}\nverdict:   {}\nwhy:       {}\ntrace:     {}\n\
             again:     {again}\nreproduce: {command}\n",
            env!("SIMULATION_COMMIT"),
            failed.fate,
            failed.reasons.join("; "),
            failed.trace_hash,
        );
        if self.shrinks && !is_stuck(failed) {
            let shrunk = self.shrunk(failed, &scenario, line);
            let smaller = write_scenario(&dir, "shrunk.yaml", &shrunk.scenario, seed)?;
            let said = in_words(&scenario, &shrunk);
            println!("  shrunk: {said}\n  again: {smaller}");
            about.push_str(&format!("shrunk:    {said}\nreproduce: {smaller}\n"));
        }
        write(&dir.join("failure.txt"), &about)?;
        write(&dir.join("reproduce"), &format!("{command}\n"))?;
        println!("  all of it: {}", dir.display());
        Ok(())
    }

    /// Runs it once more with everything written down, and says whether it was the same.
    fn again(
        &self,
        failed: &Outcome,
        scenario: &Config,
        dir: &RunDir,
        command: &str,
    ) -> Result<String, Failure> {
        if is_stuck(failed) {
            return Ok("not tried, since it would not end".into());
        }
        let trace = dir.path().join("trace.txt");
        let lines = File::create(&trace).map_err(|error| unwritten(&trace, &error))?;
        let shared = Shared::new()?;
        let outside = Outside {
            left: Some(Left {
                dir: dir.clone(),
                shared: shared.clone(),
                reproduce: command.to_owned(),
            }),
            trace: Some(Box::new(BufWriter::new(lines))),
            ..Outside::nobody()
        };
        let (outcome, report) = one::run_seen(scenario, failed.seed, outside, command.to_owned());
        match report {
            Some(report) => {
                dir.report(&report)?;
                dir.report_page(&report, &shared)?;
            }
            None => {
                let json = serde_json::json!({
                    "verdict": outcome.fate.word(),
                    "exit_code": outcome.fate.exit_code(),
                    "reasons": outcome.reasons,
                    "seed": failed.seed,
                    "commit": env!("SIMULATION_COMMIT"),
                    "reproduce": command,
                });
                write(&dir.path().join("report.json"), &format!("{json:#}\n"))?;
            }
        }
        Ok(match outcome == *failed {
            true => "the same, to the last record".to_owned(),
            false => format!("NOT the same: {}, trace {}", outcome.fate, outcome.trace_hash),
        })
    }

    fn shrunk(&self, failed: &Outcome, scenario: &Config, line: &Line) -> Shrunk {
        let mut runs = 0;
        shrink(scenario, SHRINKING_MAX, |smaller| {
            runs += 1;
            let faults = smaller.chaos.script.len();
            line.say(&format!("shrinking seed {}: run {runs}, {faults} faults", failed.seed));
            !*self.stop.borrow() && one::run(smaller, failed.seed).fails_like(failed)
        })
    }
}

/// Its thread is lost; whoever tries it again loses one, too.
fn is_stuck(failed: &Outcome) -> bool {
    matches!(failed.fate, Fate::Stuck(_))
}

fn write_scenario(dir: &Path, name: &str, scenario: &Config, seed: u64) -> Result<String, Failure> {
    let path = dir.join(name);
    write(&path, &scenario.to_yaml())?;
    let path = quoted(&path);
    Ok(format!("simulation run --virtual --config {path} --seed {seed}"))
}

/// As a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn in_words(before: &Config, shrunk: &Shrunk) -> String {
    let size = |config: &Config| {
        format!(
            "{} faults, {} workers, {} producers, {} partitions, {}",
            config.chaos.script.len(),
            config.workers.count,
            config.producers.count,
            config.partitions.count,
            config.simulation.duration
        )
    };
    let rest = if shrunk.finished { "" } else { ", and then was out of runs" };
    format!("from {} to {} in {} runs{rest}", size(before), size(&shrunk.scenario), shrunk.runs)
}

/// Writes a file of an exploration.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    Failure::Environment(format!("{path} cannot be written ({error}); choose another --out"))
}
