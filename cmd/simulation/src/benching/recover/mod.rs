//! `simulation bench recover`: how long partitions are without an owner, or wait for another one, after a
//! kill, a leave, a join, a restart and a start; measured by the judge of runs to which that happens.

mod found;
mod script;
mod tables;

use std::time::Duration;

use config::{Config, Overrides};
use serde_json::json;

use super::Findings;
use super::servers::Servers;
use super::trial::{Ended, Trial};
use crate::cli::RecoverArgs;
use crate::commands;
use crate::failure::Failure;
use crate::terminal::TerminalLine;
use found::{After, Found};
use script::Script;

/// What is run, unless the user sets something else.
const SETTINGS: [(&str, &str); 8] = [
    ("workers.lease", "2s"),
    ("workers.processing_delay", "1ms"),
    ("producers.count", "2"),
    ("metrics.prometheus.enabled", "false"),
    ("checkpoint.enabled", "false"),
    ("coordinator.history", "false"),
    ("coordinator.validation_window", "10s"),
    ("nats.existing", "delete"),
];
/// Messages per second, over all partitions: enough to see that everything works.
const RATE: f64 = 100.0;
/// More workers than these are tasks of one process: a machine has no room for as many processes.
const PROCESSES_MAX: u32 = 100;
/// How long a fleet is given until it owns everything: so long, and a second for so many partitions.
const START_MAX: Duration = Duration::from_secs(1);
const START_PARTITIONS: f64 = 2_000.0;
/// …and a second for so many processes.
const START_PROCESSES: f64 = 20.0;

/// Partitions and workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    partitions: u32,
    workers: u32,
}

/// What was measured of one size.
pub struct Measured {
    size: Size,
    lease: Duration,
    /// Workers were processes, and were killed by SIGKILL.
    processes: bool,
    found: Found,
    /// What the judge had to find fault with, if anything.
    verdict: String,
}

/// Measures.
pub async fn run(args: &RecoverArgs) -> Result<Findings, Failure> {
    let sizes = sizes(&args.size)?;
    let line = TerminalLine::new();
    for size in &sizes {
        effective(&settings(args, *size))?;
    }
    let servers = match &args.bed.nats_url {
        Some(url) => Servers::of_the_user(url),
        None => Servers::start(&args.bed.out, 1).await?,
    };
    let mut measured = Vec::new();
    for size in sizes {
        measured.push(measure(args, size, &servers, &line).await?);
    }
    line.clear();
    let used = servers.version().into_iter().collect();
    servers.stop().await?;
    // Unless something else is in there.
    let _ = std::fs::remove_dir(&args.bed.out);
    let json: Vec<_> = measured.iter().map(tables::json).collect();
    Ok(Findings {
        name: "recover",
        title: "Recovery",
        used,
        body: tables::body(&measured),
        json: json!(json),
        code: 0,
    })
}

fn sizes(given: &[String]) -> Result<Vec<Size>, Failure> {
    let size = |text: &String| {
        let (partitions, workers) = text.split_once('x')?;
        let size = Size { partitions: partitions.parse().ok()?, workers: workers.parse().ok()? };
        (size.workers >= 3 && size.partitions >= size.workers).then_some(size)
    };
    let all = ["100x10", "1500x100", "10000x500"].map(str::to_owned);
    let texts = if given.is_empty() { &all[..] } else { given };
    let read = |text: &String| {
        size(text).ok_or_else(|| {
            Failure::Usage(format!(
                "--size {text:?} is no size: write partitions x workers, such as 1500x100, with \
                 three workers at least and a partition for each"
            ))
        })
    };
    texts.iter().map(read).collect()
}

async fn measure(
    args: &RecoverArgs,
    size: Size,
    servers: &Servers,
    line: &TerminalLine,
) -> Result<Measured, Failure> {
    let what = format!("{} partitions, {} workers", size.partitions, size.workers);
    let mut set = settings(args, size);
    let config = effective(&set)?;
    let (lease, mut found) = (config.workers.lease.duration(), Found::default());
    let start = START_MAX + Duration::from_secs_f64(f64::from(size.partitions) / START_PARTITIONS);
    for number in 1..=args.tries {
        line.say(&format!("{what}: start {number} of {}", args.tries));
        let ended = trial(args, &set, start, servers).run().await?.well()?;
        let Some(seconds) = ended.report()?.totals.cold_start_seconds else {
            return Err(Failure::Environment(format!(
                "{what}: not everything was owned {start:?} after the start: this machine is too slow"
            )));
        };
        found.add(After::Start, seconds);
        ended.forget()?;
    }
    let processes = size.workers <= PROCESSES_MAX;
    let mut start = start + Duration::from_secs(1);
    if processes {
        set.push(("workers.isolation".into(), "process".into()));
        start += Duration::from_secs_f64(f64::from(size.workers) / START_PROCESSES);
    }
    let script = Script::new(args.tries, size.workers, lease, start);
    line.say(&format!("{what}: {} s of chaos", script.lasting.as_secs()));
    let restart_after = format!("{}ms", script.restart_after.as_millis());
    set.extend([
        ("chaos.enabled".to_owned(), "true".to_owned()),
        ("chaos.events".into(), "[]".into()),
        ("chaos.script".into(), script.events.clone()),
        ("chaos.restart_after".into(), restart_after),
    ]);
    effective(&set)?;
    let ended = trial(args, &set, script.lasting, servers).run().await?;
    let verdict = add(&mut found, &ended, processes)?;
    ended.forget()?;
    Ok(Measured { size, lease, processes, found, verdict })
}

/// What a run of the script shows. Who does not pass is measured all the same, and the page says so.
fn add(found: &mut Found, ended: &Ended, processes: bool) -> Result<String, Failure> {
    let report = ended.report()?;
    found.add_run(&report, &ended.left("events.jsonl")?);
    if let Some(seconds) = report.totals.cold_start_seconds.filter(|_| processes) {
        found.add(After::StartOfProcesses, seconds);
    }
    Ok(report.reasons.join(", "))
}

fn settings(args: &RecoverArgs, size: Size) -> Vec<(String, String)> {
    let own = |(path, value): (&str, &str)| (path.to_owned(), value.to_owned());
    let mut set: Vec<_> = SETTINGS.into_iter().map(own).collect();
    let rate = (RATE / f64::from(size.partitions)).to_string();
    for (path, value) in [
        ("partitions.count", &size.partitions.to_string()),
        ("partitions.message_rate_per_partition", &rate),
        ("workers.count", &size.workers.to_string()),
        ("chaos.enabled", &false.to_string()),
    ] {
        set.push(own((path, value)));
    }
    set.extend(args.bed.set.iter().cloned());
    set
}

fn effective(set: &[(String, String)]) -> Result<Config, Failure> {
    commands::load(None, &Overrides { set: set.to_vec(), ..Overrides::default() })
}

fn trial<'a>(
    args: &RecoverArgs,
    set: &'a [(String, String)],
    lasting: Duration,
    servers: &'a Servers,
) -> Trial<'a> {
    let lasting = format!("{}ms", lasting.as_millis());
    Trial {
        command: &["run"],
        set,
        args: ["--duration", &lasting, "--seed", "1"].map(Into::into).to_vec(),
        url: Some(servers.url()),
        dir: args.bed.out.join("bench-run"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let read = |text: &str| sizes(&[text.to_owned()]);
        assert_eq!(read("12x3").unwrap(), [Size { partitions: 12, workers: 3 }]);
        for bad in ["", "12", "x", "12x", "x3", "12x2", "2x3", "12X3", "-12x3", "12x3x4"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(sizes(&[]).unwrap().len(), 3);
    }
}
