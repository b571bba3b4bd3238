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
    #[cfg(feature = "selftest")]
    bugs::spoil(crate::selftest::is_spoilt(seed));
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

#[cfg(test)]
mod tests {
    use broker_virtual::{Happening, Observer};
    use config::Overrides;
    use coordinator::Verdict;
    use model::Timestamp;

    use super::*;

    /// Panics in the middle of somebody's request.
    #[derive(Debug)]
    struct Panics;

    impl Observer for Panics {
        fn observe(&mut self, at: Timestamp, client: &str, _: &Happening<'_>) {
            assert!(client != "worker-1" || at.0 % 1_000_000 < 500_000, "nobody expected this");
        }
    }

    fn scenario() -> Config {
        let text =
            "{simulation: {duration: 2s}, partitions: {count: 2, message_rate_per_partition: 20}, workers: {count: 2, lease: 1s},
            producers: {count: 1}}";
        Config::parse(text, "c.yaml", &Overrides::default()).unwrap()
    }

    #[test]
    fn a_run_is_judged_and_the_same_again() {
        let (one, other) = (run(&scenario(), 7), run(&scenario(), 7));
        assert_eq!(one.fate, Fate::Judged(Verdict::Pass), "{one:?}");
        assert!(one.messages > 0 && one.virtual_seconds >= 2.0 && !one.trace_hash.is_empty());
        assert_eq!(one, other);
        assert_ne!(run(&scenario(), 8).trace_hash, one.trace_hash);
    }

    #[test]
    fn a_panic_in_a_task_of_a_run_is_a_failure_of_its_seed() {
        panics::remember();
        let outside = Outside { observer: Some(Box::new(Panics)), ..Outside::nobody() };
        let (outcome, report) = run_seen(&scenario(), 7, outside, String::new());
        let Fate::Panicked(said) = &outcome.fate else { panic!("{outcome:?}") };
        assert!(said.contains("nobody expected this") && report.is_none(), "{said}");
        assert!(outcome.fate.is_failure() && outcome.seed == 7);
    }

    #[test]
    fn a_run_that_cannot_be_set_up_is_unjudged() {
        let mut scenario = scenario();
        scenario.nats.name_prefix = "no name".into();
        let outcome = run(&scenario, 7);
        assert!(matches!(outcome.fate, Fate::Unjudged(_)), "{outcome:?}");
    }
}
