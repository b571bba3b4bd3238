//! From what the coordinator saw to the printed report and the exit code.

use std::collections::BTreeMap;

use config::Mode;
use coordinator::{Conducted, End, Promise, Report, RunInfo, Verdict, VirtualTime};
use model::Timestamp;
use web::Shared;

use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;

/// How a run ended, besides what the coordinator saw.
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// What it used.
    pub resources: BTreeMap<String, f64>,
    /// The command that runs it again.
    pub reproduce: String,
    /// How fast it was, if its time was virtual.
    pub virtual_time: Option<VirtualTime>,
}

/// Judges a run.
pub fn judge(setup: &Setup, conducted: Conducted, ending: Ending) -> Result<Report, Failure> {
    let Conducted { mut judge, drained_within, broker_reachable, interrupted, recorder } =
        conducted;
    let Ending { at, resources, reproduce, virtual_time } = ending;
    let config = setup.config_json()?;
    let commit = env!("SIMULATION_COMMIT").to_owned();
    let info = RunInfo { seed: setup.seed.0, commit, reproduce, config, virtual_time };
    let end = End { at, drained_within, broker_reachable, interrupted, resources };
    if let Some(mut recorder) = recorder {
        recorder.end(&end, &info);
    }
    Ok(judge.finish(end, &info))
}

/// Judges a run, writes its report and prints it.
pub fn give(
    setup: &Setup,
    conducted: Conducted,
    ending: Ending,
    dir: &RunDir,
    shared: &Shared,
) -> Result<Report, Failure> {
    let report = judge(setup, conducted, ending)?;
    if setup.config.chaos.enabled && setup.config.simulation.mode == Mode::AllInOne {
        println!("✓ Chaos events injected: {} events", report.totals.faults);
    }
    println!("{}", report.text());
    dir.report(&report)?;
    println!("Report: {}", dir.path().join("report.json").display());
    if let Some(page) = dir.report_page(&report, shared)? {
        println!("        {}", page.display());
    }
    if report.verdict == Verdict::Pass {
        println!(
            "✓✓✓ SUCCESS: {}",
            match report.promise {
                Promise::ExactlyOnce => "No message loss or duplication!",
                Promise::AtLeastOnce { .. } => "No message loss, and no unexplained duplicate!",
            }
        );
    } else {
        println!("Again: {}", report.reproduce);
    }
    Ok(report)
}
