//! This program, started once more to be measured: in a process of its own, so that what it uses is its
//! own, and nothing that ran before has warmed it up.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coordinator::Report;
use metrics::{Usage, usage_of};
use processes::{Exit, Launch, Manager};
use tokio::time::Instant;

use super::settings::Settings;
use crate::failure::Failure;

/// How often a process is measured.
const MEASURE_EVERY: Duration = Duration::from_millis(50);
/// How long a process may take to exist.
const SPAWN_WITHIN: Duration = Duration::from_secs(5);
/// How long it may go on after it should have come to its end; every run has bounds of its own, far
/// below.
const HUNG: Duration = Duration::from_secs(900);

/// What the program is told.
pub struct Trial<'a> {
    /// Its first words, such as `run`.
    pub command: &'a [&'a str],
    /// Settings over its configuration.
    pub settings: &'a Settings,
    /// How long messages are sent.
    pub lasting: Duration,
    /// Where the broker is.
    pub url: &'a str,
    /// Where its output goes, and whatever else it leaves. It is emptied.
    pub dir: PathBuf,
}

/// How it went.
pub struct Ended {
    /// What it had used, and how long after its start.
    pub usage: Vec<(Duration, Usage)>,
    exit: Exit,
    command: String,
    dir: PathBuf,
}

impl Trial<'_> {
    /// Runs it to its end.
    pub async fn run(self) -> Result<Ended, Failure> {
        forget(&self.dir)?;
        std::fs::create_dir_all(&self.dir)?;
        let manager = Manager::start().await.map_err(|e| Failure::Environment(e.to_string()))?;
        let (log, dir) = (self.dir.join("output.log"), self.dir.clone());
        let launch = self.launch(log.clone())?;
        let process = manager.spawn("simulation", &launch, SPAWN_WITHIN).await;
        let process = process.map_err(|error| Failure::Environment(error.to_string()))?;
        let (began, mut usage) = (Instant::now(), Vec::new());
        let ended = async {
            loop {
                tokio::select! {
                    biased;
                    exit = process.exited() => break exit,
                    () = tokio::time::sleep(MEASURE_EVERY) => {
                        let now = usage_of(Some(process.pid()));
                        usage.extend(now.map(|now| (began.elapsed(), now)));
                    }
                }
            }
        };
        let (command, limit) = (self.command.join(" "), self.lasting + HUNG);
        let exit = tokio::time::timeout(limit, ended).await.map_err(|_| {
            let log = log.display();
            Failure::Hung(format!(
                "simulation {command}, which was to be measured, did not end within {limit:?} and \
                 was killed; see {log}"
            ))
        })?;
        Ok(Ended { usage, exit, command, dir })
    }

    fn launch(&self, log: PathBuf) -> Result<Launch, Failure> {
        let mut args: Vec<OsString> = self.command.iter().map(Into::into).collect();
        args.extend(self.settings.args().map(OsString::from));
        let lasting = format!("{}ms", self.lasting.as_millis());
        args.extend(["--duration", &lasting, "--seed", "1"].map(OsString::from));
        args.extend(["--report".into(), self.dir.clone().into()]);
        let not_ours = ["PRODUCER_ID", "WORKER_ID", "CHAOS_URL"];
        Ok(Launch {
            program: std::env::current_exe()?,
            args,
            env: vec![("NATS_URL".into(), self.url.into())],
            remove_env: not_ours.map(OsString::from).to_vec(),
            cwd: None,
            log,
            ready: String::new(),
        })
    }
}

impl Ended {
    /// The same, if it ended well.
    ///
    /// # Errors
    ///
    /// [`Failure::Environment`] if it did not: then there is nothing to measure.
    pub fn well(self) -> Result<Self, Failure> {
        if self.exit.code == Some(0) {
            return Ok(self);
        }
        Err(self.failed(""))
    }

    /// It did not do what it was to do.
    fn failed(&self, and: &str) -> Failure {
        let (Self { command, exit, .. }, log) = (self, self.dir.join("output.log"));
        Failure::Environment(format!(
            "simulation {command}, which was to be measured, {exit}{and}; see {}",
            log.display()
        ))
    }

    /// A file that it left.
    ///
    /// # Errors
    ///
    /// [`Failure::Environment`] if there is none: whatever it was to do, it did not get that far.
    pub fn left(&self, name: &str) -> Result<String, Failure> {
        std::fs::read_to_string(self.dir.join(name))
            .map_err(|error| self.failed(&format!(" and left no {name} ({error})")))
    }

    /// The CPU time that it used.
    pub fn cpu_seconds(&self) -> f64 {
        self.usage.last().map_or(0.0, |(_, usage)| usage.cpu_seconds)
    }

    /// The most memory that it held, in bytes.
    pub fn memory(&self) -> u64 {
        self.usage.iter().map(|(_, usage)| usage.resident_peak_bytes).max().unwrap_or(0)
    }

    /// The report that it left, if it was a run.
    ///
    /// # Errors
    ///
    /// As of [`Ended::left`].
    pub fn report(&self) -> Result<Report, Failure> {
        let unreadable =
            |error| self.failed(&format!(" and left a report.json of nonsense ({error})"));
        serde_json::from_str(&self.left("report.json")?).map_err(unreadable)
    }

    /// Removes what it left: it is measured, and went well.
    pub fn forget(self) -> Result<(), Failure> {
        forget(&self.dir)
    }
}

/// Removes the directory in which benchmarks leave what they leave, unless something else is in there.
pub fn forget_if_empty(dir: &Path) {
    let _ = std::fs::remove_dir(dir);
}

/// Removes a directory that a benchmark has made.
pub fn forget(dir: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let dir = dir.display();
            Err(Failure::Environment(format!(
                "{dir} cannot be removed ({error}): remove it yourself"
            )))
        }
        _ => Ok(()),
    }
}
