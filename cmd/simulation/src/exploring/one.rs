//! One scenario, run to its verdict.

use config::Config;
use coordinator::Report;
use explore::{Fate, Outcome};
use model::Seed;

use super::panics;
use crate::failure::Failure;
use crate::verdict::{self, Ending};
use crate::virtual_time::{Outside, Simulated, simulate};

/// Runs a scenario that leaves nothing.
pub fn run(scenario: &Config, seed: u64) -> Outcome {
    run_seen(scenario, seed, Outside::nobody(), String::new()).0
}

/// Runs a scenario; whoever is outside looks on. The report is there if it was judged.
pub fn run_seen(
    scenario: &Config,
    seed: u64,
    outside: Outside,
    reproduce: String,
) -> (Outcome, Option<Report>) {
    match panics::listen(|| judged(scenario, seed, outside, reproduce)) {
        Ok(Ok(report)) => (Outcome::judged(seed, &report), Some(report)),
        Ok(Err(Failure::Hung(why))) => (Outcome::unfinished(seed, Fate::Hung(why)), None),
        Ok(Err(failure)) => (Outcome::unfinished(seed, Fate::Unjudged(failure.to_string())), None),
        Err(said) => (Outcome::unfinished(seed, Fate::Panicked(said)), None),
    }
}

fn judged(
    scenario: &Config,
    seed: u64,
    outside: Outside,
    reproduce: String,
) -> Result<Report, Failure> {
    let simulated = simulate(scenario.clone(), Seed(seed), outside)?;
    let Simulated { setup, conducted, ended_at, figures } = simulated;
    let (resources, virtual_time) = (Default::default(), Some(figures));
    let ending = Ending { at: ended_at, resources, reproduce, virtual_time };
    verdict::judge(&setup, conducted, ending)
}
