//! The directory of a run: its report, its events, its server's log.

use std::fs;
use std::path::{Path, PathBuf};

use chaos::Planned;
use coordinator::{Report, Verdict};
use model::{Seed, Timestamp};
use web::Shared;

use crate::failure::Failure;

/// The directory of a run.
#[derive(Clone, Debug)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// Makes the directory: the given one, or one named after time and seed.
    pub fn create(given: Option<PathBuf>, started: Timestamp, seed: Seed) -> Result<Self, Failure> {
        let run = Self::for_logs(given, started, seed)?;
        // What cannot be written at the end should be known at the beginning.
        run.write("report.json", "{}")?;
        // Events are appended, so that a run that goes on keeps those from before.
        run.write("events.jsonl", "")?;
        history::forget_in(&run.0).map_err(|error| unusable(&run.0, &error))?;
        Ok(run)
    }

    /// The same for a process that judges nothing and leaves no report.
    pub fn for_logs(
        given: Option<PathBuf>,
        started: Timestamp,
        seed: Seed,
    ) -> Result<Self, Failure> {
        let seconds = started.0 / 1_000_000;
        let dir = given.unwrap_or_else(|| PathBuf::from(format!("runs/{seconds}-{seed}")));
        fs::create_dir_all(&dir).map_err(|error| unusable(&dir, &error))?;
        Ok(Self(dir))
    }

    /// The directory of a run that goes on.
    pub fn again(dir: PathBuf) -> Result<Self, Failure> {
        if !dir.is_dir() {
            return Err(Failure::Usage(format!(
                "the run's directory {} is not there: resume from the directory in which the run was \
                 started, or bring it back",
                dir.display()
            )));
        }
        Ok(Self(dir))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What happens, one JSON object a line.
    pub fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// What worker and producer processes print.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Writes down what chaos is going to do.
    pub fn schedule(&self, schedule: &[Planned]) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(schedule)
            .map_err(|error| Failure::Environment(format!("the schedule is no JSON: {error}")))?;
        self.write("chaos.json", &json)
    }

    /// The embedded server's own directory.
    pub fn nats(&self) -> PathBuf {
        self.0.join("nats")
    }

    /// Writes the report.
    pub fn report(&self, report: &Report) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(report)
            .map_err(|error| Failure::Environment(format!("the report is no JSON: {error}")))?;
        self.write("report.json", &json)
    }

    /// Writes the report as a page, if anybody looked at the run, and says where.
    pub fn report_page(
        &self,
        report: &Report,
        shared: &Shared,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(view) = shared.view() else { return Ok(None) };
        let page = web::report_page(report, &view).map_err(|error| {
            Failure::Environment(format!("report.html cannot be made: {error}"))
        })?;
        self.write("report.html", &page)?;
        Ok(Some(self.0.join("report.html")))
    }

    /// Says in place of a report why there is none. A run that never began leaves nothing.
    pub fn failed(&self, failure: &Failure, seed: Seed, reproduce: &str) {
        let report = self.0.join("report.json");
        let verdict = match failure {
            Failure::Hung(_) => Verdict::Liveness,
            _ => Verdict::Environment,
        };
        let left = match failure {
            Failure::Environment(why) | Failure::Hung(why) => {
                let json = serde_json::json!({
                    "verdict": verdict,
                    "exit_code": failure.exit_code(),
                    "reasons": [why],
                    "seed": seed,
                    "reproduce": reproduce,
                });
                fs::write(&report, format!("{json:#}\n"))
            }
            Failure::Usage(_) | Failure::Config(_) => fs::remove_file(&report),
        };
        if let Err(error) = left {
            tracing::error!(path = %report.display(), %error, "the report cannot be written");
        }
    }

    /// Removes what only matters if something went wrong.
    pub fn forget_server(&self) {
        if let Err(error) = fs::remove_dir_all(self.nats()) {
            tracing::debug!(%error, "the server's directory stays");
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| unusable(&path, &error))
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Environment(format!(
        "{} cannot be written ({error}); choose another directory with --report",
        path.display()
    ))
}
