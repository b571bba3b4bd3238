//! From what the coordinator saw to the printed report and the exit code.

use std::collections::BTreeMap;

use config::Mode;
use coordinator::{Conducted, End, Report, RunInfo, Verdict};

use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;

/// Judges a run, writes its report and prints it.
pub fn give(
    setup: &Setup,
    conducted: Conducted,
    resources: BTreeMap<String, f64>,
    reproduce: &str,
    dir: &RunDir,
) -> Result<Report, Failure> {
    let Conducted { mut judge, drained_within, broker_reachable, interrupted } = conducted;
    let config = serde_json::to_value(&setup.config)
        .map_err(|error| Failure::Environment(format!("the configuration is no JSON: {error}")))?;
    let info = RunInfo {
        seed: setup.seed.0,
        commit: env!("SIMULATION_COMMIT").to_owned(),
        reproduce: reproduce.to_owned(),
        config,
    };
    let at = setup.clock.now();
    let end = End { at, drained_within, broker_reachable, interrupted, resources };
    let report = judge.finish(end, &info);
    if setup.config.chaos.enabled && setup.config.simulation.mode == Mode::AllInOne {
        println!("✓ Chaos events injected: {} events", report.totals.faults);
    }
    println!("{}", report.text());
    dir.report(&report)?;
    println!("Report: {}", dir.path().join("report.json").display());
    if report.verdict == Verdict::Pass {
        println!("✓✓✓ SUCCESS: No message loss or duplication!");
    } else {
        println!("Again: {reproduce}");
    }
    Ok(report)
}
