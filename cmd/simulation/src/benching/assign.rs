//! `simulation bench assign`: strategies beside each other, the bounds of ours, and what a leader writes.

use std::fmt::Write;

use bench::assign::{
    Case, Judged, Outcome, Size, WeightsOf, Written, bounds_table, contest_table, field, measure,
    record_verdicts, records_table, verdicts, written,
};
use serde_json::{Value, json};

use super::Findings;
use crate::cli::AssignArgs;
use crate::failure::Failure;
use crate::terminal::TerminalLine;

const WORDS: &str = "\
CPU time of one thread, medians of 3 to 11 repeats: *first* from nothing, *change* the slowest of four \
changes of membership from there. *Moved*: weight, in what had to move at least (`parti::strategy::unavoidable`). \
*Max/mean then*: the most uneven load after one of the changes. `jump hash` can lose only its last members, and \
here it does; any other renumbers those behind it. The others lose members that are drawn. `bounded loads` is \
worked out anew at each change, with the same bound of 1.05.
";
const RECORDS: &str = "\
**What a leader writes**, plans and grants: a real leader and real members, equal weights, on the broker in memory. \
A grant is written as a whole, so a partition that moves costs what its old owner and its new owner keep, too: \
*grants/moved* is in grants of mean size. Changes of a tenth touch every member, some more than once.";
const BOUNDS: &str = "\
**Bounds** of `WeightedConsistentHash`: found, bound, whether it is kept. Those on time are meant for the largest \
group. *Min/mean* is asked for where no partition is heavier than a mean load.";

/// What is measured unless something else is asked for.
const SIZES: [Size; 3] = [
    Size { partitions: 1_500, members: 100 },
    Size { partitions: 100_000, members: 1_000 },
    Size { partitions: 1_000_000, members: 10_000 },
];
/// The strategy that the bounds are for.
const OURS: &str = "WeightedConsistentHash";
/// Groups with more members than this are too many for one process.
const GROUP_MAX: u32 = 1_000;

/// Measures, in a thread of its own: what it counts is that thread's CPU time.
pub async fn run(args: &AssignArgs) -> Result<Findings, Failure> {
    let sizes = if args.size.is_empty() { SIZES.to_vec() } else { args.size.clone() };
    let measuring = tokio::task::spawn_blocking(move || Contest::of(&sizes));
    let contest = measuring.await.map_err(|error| {
        Failure::Environment(format!("the measurement of assignments broke off: {error}"))
    })??;
    let broken = contest.is_broken();
    Ok(Findings {
        title: "Assignments",
        used: Vec::new(),
        body: contest.body(),
        json: contest.json(),
        code: u8::from(args.check && broken),
    })
}

/// Everything that was measured.
struct Contest {
    cases: Vec<(Case, Vec<(&'static str, Outcome)>)>,
    written: Vec<Written>,
    unwritten: Vec<Size>,
}

impl Contest {
    fn of(sizes: &[Size]) -> Result<Self, Failure> {
        let line = TerminalLine::new();
        let mut cases = Vec::new();
        for size in sizes {
            for weights in WeightsOf::ALL {
                let case = Case::new(*size, weights);
                let outcomes = field().into_iter().map(|contestant| {
                    let name = contestant.strategy.name();
                    line.say(&format!("{size}, {weights:?} weights: {name}"));
                    (name, measure(&case, &contestant))
                });
                let outcomes = outcomes.collect();
                cases.push((case, outcomes));
            }
        }
        let small = |size: &Size| size.members <= GROUP_MAX;
        let (grouped, unwritten): (Vec<Size>, Vec<Size>) = sizes.iter().copied().partition(small);
        let mut all = Vec::new();
        for size in grouped {
            line.say(&format!("{size}: what a leader writes"));
            let failed = |error| Failure::Environment(format!("a group of {size}: {error}"));
            all.extend(written(size).map_err(failed)?);
        }
        line.clear();
        Ok(Self { cases, written: all, unwritten })
    }

    /// The bounds of ours, in each group.
    fn judged(&self) -> Vec<Judged> {
        let ours = self.cases.iter().filter_map(|(case, outcomes)| {
            let own = outcomes.iter().find(|(name, _)| *name == OURS)?;
            let Outcome::Measured(measured) = &own.1 else { return None };
            let (size, weights) = (case.size, case.weights_of);
            Some(Judged { size, weights, verdicts: verdicts(case, measured) })
        });
        ours.collect()
    }

    /// The bounds of what a leader writes, in each group.
    fn judged_records(&self) -> Vec<Judged> {
        let groups = self.written.chunk_by(|a, b| a.size == b.size);
        let judged = groups.map(|written| Judged {
            size: written[0].size,
            weights: WeightsOf::Equal,
            verdicts: record_verdicts(written),
        });
        judged.collect()
    }

    /// Whether a bound is broken that would be broken on every machine.
    fn is_broken(&self) -> bool {
        let (ours, records) = (self.judged(), self.judged_records());
        let mut all = ours.iter().chain(&records).flat_map(|judged| &judged.verdicts);
        all.any(|verdict| verdict.deterministic && !verdict.kept)
    }

    fn body(&self) -> String {
        let mut text = String::from(WORDS);
        for (case, outcomes) in &self.cases {
            _ = writeln!(text, "\n{}", contest_table(case, outcomes).trim_end());
        }
        _ = writeln!(text, "\n{BOUNDS}\n\n{}", bounds_table(&self.judged()).trim_end());
        if !self.written.is_empty() {
            _ = writeln!(text, "\n{RECORDS}\n\n{}", records_table(&self.written));
            _ = writeln!(text, "{}", bounds_table(&self.judged_records()).trim_end());
        }
        for size in &self.unwritten {
            _ = writeln!(
                text,
                "\nNot measured: what a leader writes at {size}, as more than {GROUP_MAX} members are \
                 too many for one process."
            );
        }
        text
    }

    fn json(&self) -> Value {
        let cases = self.cases.iter().map(|(case, outcomes)| {
            let outcomes = outcomes
                .iter()
                .map(|(name, outcome)| json!({ "strategy": name, "outcome": outcome }));
            json!({
                "size": case.size,
                "weights": case.weights_of,
                "mean": case.mean(),
                "heaviest_in_means": case.heaviest(),
                "strategies": outcomes.collect::<Vec<_>>(),
            })
        });
        json!({
            "cases": cases.collect::<Vec<_>>(),
            "records": self.written,
            "records_not_measured": self.unwritten,
            "bounds": self.judged().into_iter().chain(self.judged_records()).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bench::assign::{Change, Changed, Measured, Spread};

    use super::*;

    const SIZE: Size = Size { partitions: 1000, members: 100 };

    fn outcome(max: f64, took: Duration) -> Outcome {
        let (spread, even) = (Spread { max, min: 1.0 }, Spread { max: 1.0, min: 1.0 });
        let of =
            |change| Changed { change, took, moved: 9, orphans: 9, unavoidable: 9, spread: even };
        Outcome::Measured(Measured { fresh: took, spread, changes: Change::ALL.map(of).into() })
    }

    fn contest(outcomes: [(&'static str, Outcome); 2], largest: u64) -> Contest {
        let case = Case::new(SIZE, WeightsOf::Equal);
        let (change, size) = (None, SIZE);
        let written =
            Written { size, change, moved: 9, records: 9, bytes: 900, largest, first: 900 };
        let cases = vec![(case, outcomes.into())];
        Contest { cases, written: vec![written], unwritten: Vec::new() }
    }

    #[test]
    fn only_our_bounds_break_it_and_only_those_of_every_machine() {
        let (quick, slow) = (Duration::from_millis(1), Duration::from_secs(9));
        let broken = |other: Outcome, ours: Outcome, largest| {
            contest([("other", other), (OURS, ours)], largest).is_broken()
        };
        assert!(!broken(outcome(9.0, quick), outcome(1.0, quick), 100));
        assert!(!broken(outcome(1.0, quick), outcome(1.0, slow), 100), "another machine is faster");
        assert!(broken(outcome(1.0, quick), outcome(1.06, quick), 100));
        assert!(broken(outcome(1.0, quick), outcome(1.0, quick), 2_000_000), "what is written");
    }

    #[test]
    fn what_is_not_measured_is_said() {
        let mut contest = contest(["a", "b"].map(|name| (name, outcome(1.0, Duration::ZERO))), 100);
        assert!(!contest.body().contains("Not measured"));
        contest.unwritten.push(Size { partitions: 9000, members: 2000 });
        let body = contest.body();
        assert!(body.contains("Not measured: what a leader writes at 9,000 × 2,000"), "{body}");
    }
}
