//! `simulation bench recover`: how long partitions are without an owner, or wait for another one, after a
//! kill, a leave, a join, a restart and a start; measured by the judge of runs to which that happens.

mod found;
mod plan;
mod script;
mod tables;

use std::time::Duration;

use serde_json::json;

use super::Findings;
use super::servers::Servers;
use super::trial::{Ended, Trial, forget_if_empty};
use crate::cli::RecoverArgs;
use crate::failure::Failure;
use crate::terminal::TerminalLine;
use found::{After, Found};
use plan::{Plan, Size};

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
    // Whatever is wrong with sizes and settings is said before anything is measured.
    let plans = Plan::all(args)?;
    let line = TerminalLine::new();
    let servers = Servers::of(&args.bed, 1).await?;
    let mut measured = Vec::new();
    for plan in plans {
        measured.push(measure(args, plan, &servers, &line).await?);
    }
    line.clear();
    let used = servers.version().into_iter().collect();
    servers.stop().await?;
    forget_if_empty(&args.bed.out);
    let json: Vec<_> = measured.iter().map(tables::json).collect();
    Ok(Findings {
        title: "Recovery",
        used,
        body: tables::body(&measured),
        json: json!(json),
        code: 0,
    })
}

async fn measure(
    args: &RecoverArgs,
    plan: Plan,
    servers: &Servers,
    line: &TerminalLine,
) -> Result<Measured, Failure> {
    let Plan { size, lease, start, cold, processes, script, chaos } = plan;
    let what = format!("{} partitions, {} workers", size.partitions, size.workers);
    let trial = |settings, lasting| Trial {
        command: &["run"],
        settings,
        lasting,
        url: servers.url(),
        dir: args.bed.out.join("bench-run"),
    };
    let mut found = Found::default();
    for number in 1..=args.tries {
        line.say(&format!("{what}: start {number} of {}", args.tries));
        let ended = trial(&cold, start).run().await?.well()?;
        let Some(seconds) = ended.report()?.totals.cold_start_seconds else {
            return Err(Failure::Environment(format!(
                "{what}: not everything was owned {start:?} after the start: this machine is too \
                 slow, use a smaller --size"
            )));
        };
        found.add(After::Start, seconds);
        ended.forget()?;
    }
    line.say(&format!("{what}: {} s of chaos", script.lasting.as_secs()));
    let ended = trial(&chaos, script.lasting).run().await?;
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
