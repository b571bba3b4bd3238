//! What was measured, as tables.

use std::time::Duration;

use serde::Serialize;

use super::size::grouped;
use super::{Case, Change, Measured, Outcome, Size, Verdict, WeightsOf, Written};
use crate::{Table, mark};

/// Strategies in one group beside each other: name and outcome of each.
pub fn contest_table(case: &Case, outcomes: &[(&str, Outcome)]) -> String {
    let mut head = vec!["strategy".to_owned()];
    head.extend(["first", "× best", "change", "× best", "max/mean", "min/mean"].map(str::to_owned));
    head.extend(Change::ALL.map(|change| format!("moved {}", change.words())));
    head.push("max/mean then".into());
    let mut table = Table::new(head);
    let all = || {
        outcomes.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Measured(measured) => Some(Times::of(measured)),
            Outcome::TooSlow { .. } => None,
        })
    };
    let best = Times {
        first: all().map(|times| times.first).min().unwrap_or_default(),
        change: all().map(|times| times.change).min().unwrap_or_default(),
    };
    for (name, outcome) in outcomes {
        table.row(cells(name, outcome, &best));
    }
    let kind = match case.weights_of {
        WeightsOf::Equal => "equal partitions",
        WeightsOf::Heavy => "5 % of the partitions weigh 100, the others 1",
    };
    let (size, heaviest) = (case.size, case.heaviest());
    format!("**{size}**, {kind}; heaviest/mean {heaviest:.3}\n\n{table}")
}

/// How long answers took: the first, and the slowest after a change.
struct Times {
    first: Duration,
    change: Duration,
}

impl Times {
    fn of(measured: &Measured) -> Self {
        let slowest = measured.changes.iter().map(|changed| changed.took).max();
        Self { first: measured.fresh, change: slowest.unwrap_or_default() }
    }
}

fn cells(name: &str, outcome: &Outcome, best: &Times) -> Vec<String> {
    let measured = match outcome {
        Outcome::Measured(measured) => measured,
        Outcome::TooSlow { hashes } => {
            return vec![name.to_owned(), format!("too slow: {} hashes", grouped(*hashes))];
        }
    };
    let times = Times::of(measured);
    let ratio = |took: Duration, best: Duration| {
        format!("{:.1}", took.as_secs_f64() / best.as_secs_f64().max(f64::MIN_POSITIVE))
    };
    let mut cells = vec![
        name.to_owned(),
        milliseconds(times.first),
        ratio(times.first, best.first),
        milliseconds(times.change),
        ratio(times.change, best.change),
        format!("{:.3}", measured.spread.max),
        format!("{:.3}", measured.spread.min),
    ];
    cells.extend(measured.changes.iter().map(|changed| format!("{:.2}", changed.excess())));
    let worst = measured.changes.iter().map(|changed| changed.spread.max).fold(0.0, f64::max);
    cells.push(format!("{worst:.3}"));
    cells
}

/// What was held to bounds in one group.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// The group.
    pub size: Size,
    /// How heavy its partitions were.
    pub weights: WeightsOf,
    /// What came of it.
    pub verdicts: Vec<Verdict>,
}

/// Every bound in each group: a column for each that was asked for anywhere, a dash where it was not.
pub fn bounds_table(all: &[Judged]) -> String {
    let mut asked: Vec<&str> = Vec::new();
    for verdict in all.iter().flat_map(|judged| &judged.verdicts) {
        if !asked.contains(&verdict.what) {
            asked.push(verdict.what);
        }
    }
    let mut table = Table::new(["group", "weights"].into_iter().chain(asked.iter().copied()));
    for Judged { size, weights, verdicts } in all {
        let weights = match weights {
            WeightsOf::Equal => "equal",
            WeightsOf::Heavy => "heavy",
        };
        let cell = |what: &&str| match verdicts.iter().find(|verdict| verdict.what == *what) {
            Some(Verdict { found, bound, kept, .. }) => {
                format!("{found} {bound} {}", mark(*kept))
            }
            None => "–".to_owned(),
        };
        table.row([size.to_string(), weights.to_owned()].into_iter().chain(asked.iter().map(cell)));
    }
    table.to_string()
}

/// What leaders write.
pub fn records_table(all: &[Written]) -> String {
    let mut table = Table::new([
        "group",
        "change",
        "moved",
        "records",
        "bytes",
        "% of first",
        "bytes/moved",
        "grants/moved",
        "largest",
    ]);
    for written in all {
        table.row([
            written.size.to_string(),
            written.change.map_or("first", Change::words).to_owned(),
            grouped(written.moved),
            grouped(written.records),
            grouped(written.bytes),
            format!("{:.1}", written.share() * 100.0),
            format!("{:.0}", written.bytes_per_move()),
            format!("{:.2}", written.grants_per_move()),
            grouped(written.largest),
        ]);
    }
    table.to_string()
}

/// A duration in milliseconds, with three digits that count.
pub(super) fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        _ if ms < 1.0 => format!("{ms:.3} ms"),
        _ if ms < 10.0 => format!("{ms:.2} ms"),
        _ if ms < 100.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_was_not_asked_for_has_a_dash() {
        let verdict = |what, kept| {
            let (found, bound) = ("2".to_owned(), "≤ 3".to_owned());
            Verdict { what, found, bound, kept, deterministic: true }
        };
        let size = Size { partitions: 7, members: 2 };
        let judged = |weights, verdicts| Judged { size, weights, verdicts };
        let table = bounds_table(&[
            judged(WeightsOf::Equal, vec![verdict("a", true), verdict("b", false)]),
            judged(WeightsOf::Heavy, vec![verdict("b", true)]),
        ]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[2], "| 7 × 2 |   equal | 2 ≤ 3 ✓ | 2 ≤ 3 ✗ |");
        assert_eq!(lines[3], "| 7 × 2 |   heavy |       – | 2 ≤ 3 ✓ |");
    }

    #[test]
    fn too_slow_is_said() {
        let case = Case::new(Size { partitions: 7, members: 2 }, WeightsOf::Equal);
        let table = contest_table(&case, &[("x", Outcome::TooSlow { hashes: 12_345 })]);
        assert!(table.contains("| x        | too slow: 12,345 hashes |"), "{table}");
    }
}
