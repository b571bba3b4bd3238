//! One bug in one world: the processes that have it, and what their judge said.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use bugs::Bug;
use coordinator::{Class, Rule};
use serde_json::Value;

use super::BUG;
use super::catalogue::{Expected, expected};
use crate::failure::Failure;
use crate::files::write;

/// Within which scenarios are drawn.
const FRAME: &str = include_str!("../../../../configs/selftest.yaml");
/// What is run against a real server.
const SERVER: &str = include_str!("../../../../configs/selftest-server.yaml");
/// Seeds in which nothing may be found without a bug.
const HEALTHY_SEEDS: u64 = 50;
/// Seeds of which the canary has to spoil exactly those that it spoils.
const CANARY_SEEDS: u64 = 50;
/// Every so many seeds the canary spoils one.
const CANARY_EVERY: u64 = 5;

/// A bug, or none, in a world.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    bug: Option<Bug>,
    on_server: bool,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The bug, if there was one.
    pub bug: Option<Bug>,
    /// Against a real server.
    pub on_server: bool,
    /// Seeds that were run until it was found, the one that found it included.
    pub seeds: u64,
    /// How long the run lasted that found it, in its own time.
    pub seconds: f64,
    /// The classes that were found, and by which checks.
    pub found: BTreeSet<(Class, Rule)>,
    /// Why it is not as it should be.
    pub wrong: Option<String>,
}

/// The directory and the configurations.
pub fn prepare(out: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| {
        let out = out.display();
        Failure::Usage(format!("{out} cannot be made ({error}); choose another --out"))
    })?;
    write(&out.join("frame.yaml"), FRAME)?;
    write(&out.join("server.yaml"), SERVER)
}

impl Trial {
    /// Without a bug, many seeds.
    pub fn healthy() -> Self {
        Self { bug: None, on_server: false }
    }

    /// Without a bug, against a real server.
    pub fn healthy_on_server() -> Self {
        Self { bug: None, on_server: true }
    }

    /// In virtual time, seed after seed until it is found.
    pub fn in_virtual_time(bug: Bug) -> Self {
        Self { bug: Some(bug), on_server: false }
    }

    /// Against a real server, once.
    pub fn on_server(bug: Bug) -> Self {
        Self { bug: Some(bug), on_server: true }
    }

    /// Whether it needs a real server.
    pub fn is_on_server(&self) -> bool {
        self.on_server
    }

    /// Runs it.
    pub fn run(self, out: &Path, seeds_max: u64) -> Tried {
        let Self { bug, on_server } = self;
        let name = bug.map_or("healthy", Bug::name);
        let dir = out.join(if on_server { format!("{name}-on-server") } else { name.to_owned() });
        let blank =
            Tried { bug, on_server, seeds: 0, seconds: 0.0, found: BTreeSet::new(), wrong: None };
        let tried = match (bug, on_server) {
            (_, true) => run_on_server(bug, out, &dir),
            (Some(Bug::Canary), false) => canary(out, &dir),
            (None, false) => explore(bug, out, &dir, HEALTHY_SEEDS),
            (Some(_), false) => explore(bug, out, &dir, seeds_max),
        };
        match tried {
            Ok((seeds, seconds, found)) => {
                let mut tried = Tried { seeds, seconds, found, ..blank };
                tried.wrong = tried.judged();
                tried
            }
            Err(why) => Tried { wrong: Some(why), ..blank },
        }
    }
}

type Found = (u64, f64, BTreeSet<(Class, Rule)>);

impl Tried {
    /// Whether what was found is what had to be.
    fn judged(&self) -> Option<String> {
        let classes: BTreeSet<Class> = self.found.iter().map(|(class, _)| *class).collect();
        let words = |classes: &[Class]| {
            classes.iter().map(|class| class.words()).collect::<Vec<_>>().join(", ")
        };
        let list: Vec<Class> = classes.iter().copied().collect();
        let Some(bug) = self.bug else {
            return (!list.is_empty()).then(|| format!("found {} without a bug", words(&list)));
        };
        let Expected { class, also, .. } = expected(bug);
        let strange: Vec<Class> =
            list.iter().copied().filter(|c| *c != class && !also.contains(c)).collect();
        match (list.is_empty(), classes.contains(&class), strange.is_empty()) {
            (true, _, _) => Some(format!("not found in {} seeds", self.seeds)),
            (_, false, _) => Some(format!("found as {}", words(&list))),
            (_, _, false) => Some(format!("found, but also {}", words(&strange))),
            _ => None,
        }
    }
}

/// This program again, with a bug.
fn program(bug: Option<Bug>) -> Result<Command, String> {
    let own = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    let mut command = Command::new(own);
    command.env_remove(BUG).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in ["PRODUCER_ID", "WORKER_ID", "NATS_URL", "CHAOS_URL"] {
        command.env_remove(name);
    }
    command.envs(bug.map(|bug| (BUG, bug.name())));
    Ok(command)
}

fn ended(command: &mut Command) -> Result<i32, String> {
    let status = command.status().map_err(|error| format!("could not be started: {error}"))?;
    status.code().ok_or_else(|| format!("was killed: {status}"))
}

fn explore(bug: Option<Bug>, out: &Path, dir: &Path, seeds_max: u64) -> Result<Found, String> {
    let mut command = program(bug)?;
    command.args(["explore", "--no-shrink", "--jobs", "1", "--seeds"]);
    command.arg(format!("0..{seeds_max}")).arg("--config").arg(out.join("frame.yaml"));
    let code = ended(command.arg("--out").arg(dir))?;
    let campaign = json(&dir.join("campaign.json"))?;
    let failed = &campaign["campaign"]["failed"];
    let Some(first) = failed.get(0) else {
        let seeds = campaign["campaign"]["seeds"].as_u64().unwrap_or_default();
        return match code {
            // A campaign of few seeds need not come across everything.
            0 | 4 => Ok((seeds, 0.0, BTreeSet::new())),
            _ => Err(format!("ended with exit code {code}")),
        };
    };
    let seed = first["seed"].as_u64().unwrap_or_default();
    let report = dir.join(format!("seed-{seed}")).join("report.json");
    let (seconds, found) = findings(&json(&report)?)?;
    match found.is_empty() {
        true => Err(format!("seed {seed}: {}", first["reasons"])),
        false => Ok((seed + 1, seconds, found)),
    }
}

/// Exactly the seeds that the canary spoils have to fail.
fn canary(out: &Path, dir: &Path) -> Result<Found, String> {
    let mut command = program(Some(Bug::Canary))?;
    command.args(["explore", "--no-shrink", "--keep-going", "--jobs", "1", "--seeds"]);
    command.arg(format!("0..{CANARY_SEEDS}")).arg("--config").arg(out.join("frame.yaml"));
    ended(command.arg("--out").arg(dir))?;
    let campaign = json(&dir.join("campaign.json"))?;
    let failed = campaign["campaign"]["failed"].as_array().cloned().unwrap_or_default();
    let failed: Vec<u64> = failed.iter().filter_map(|failed| failed["seed"].as_u64()).collect();
    let spoilt: Vec<u64> = (0..CANARY_SEEDS).filter(|seed| is_spoilt(*seed)).collect();
    if failed != spoilt {
        return Err(format!("seeds {failed:?} failed, and {spoilt:?} were to"));
    }
    let mut found = BTreeSet::new();
    for seed in &failed {
        let report = dir.join(format!("seed-{seed}")).join("report.json");
        found.append(&mut findings(&json(&report)?)?.1);
    }
    Ok((CANARY_SEEDS, 0.0, found))
}

/// Whether the canary spoils a seed.
pub fn is_spoilt(seed: u64) -> bool {
    seed.is_multiple_of(CANARY_EVERY)
}

fn run_on_server(bug: Option<Bug>, out: &Path, dir: &Path) -> Result<Found, String> {
    let mut command = program(bug)?;
    command.args(["run", "--seed", "7", "--config"]).arg(out.join("server.yaml"));
    let code = ended(command.arg("--report").arg(dir))?;
    let report = json(&dir.join("report.json"))?;
    let (seconds, found) = findings(&report)?;
    match (found.is_empty(), code) {
        (false, _) | (true, 0) => Ok((1, seconds, found)),
        (true, code) => Err(format!("exit code {code}: {}", report["reasons"])),
    }
}

fn json(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{} was not left: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn findings(report: &Value) -> Result<(f64, BTreeSet<(Class, Rule)>), String> {
    let list = report["findings"].as_array().ok_or("a report without findings")?;
    let mut found = BTreeSet::new();
    for finding in list {
        let wrong = |error: serde_json::Error| format!("a finding that cannot be read: {error}");
        let class = serde_json::from_value(finding["class"].clone()).map_err(wrong)?;
        found.insert((class, serde_json::from_value(finding["rule"].clone()).map_err(wrong)?));
    }
    let at = |key: &str| report[key].as_i64().unwrap_or_default();
    Ok(((at("ended_at") - at("started_at")) as f64 / 1e6, found))
}
