//! What `WeightedConsistentHash` is held to, and whether it keeps it.

use std::time::Duration;

use serde::Serialize;

use super::size::grouped;
use super::{Case, Change, Measured, PAYLOAD_MAX, Written};

/// The most that a member may have, in means, unless one partition alone is heavier.
const MAX: f64 = 1.05;
/// The least that a member may have, in means, where partitions can be spread at all.
const MIN: f64 = 0.9;
/// Partitions up to this weight, in means, fill what heavier ones leave.
const LIGHT: f64 = 0.1;
/// The most that may move when members come, in what must.
const GROWTH_MAX: f64 = 1.2;
/// The longest that a first answer may take for a million partitions on ten thousand members.
const FRESH_MAX: Duration = Duration::from_millis(250);
/// The same for a change.
const CHANGE_MAX: Duration = Duration::from_millis(50);

/// The most that a leader may write for each partition that moves when one member comes or goes, in
/// grants of mean size.
const GRANTS_MAX: f64 = 1.25;

/// One figure and its bound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What it is about.
    pub what: &'static str,
    /// What it is, in words.
    pub found: String,
    /// What it has to be, in words.
    pub bound: String,
    /// Whether it is.
    pub kept: bool,
    /// Whether it would be the same on every machine.
    pub deterministic: bool,
}

/// Every bound of what a leader writes, for a group and its changes.
pub fn record_verdicts(written: &[Written]) -> Vec<Verdict> {
    let largest = written.iter().map(|written| written.largest).max().unwrap_or(0);
    let of_one = written
        .iter()
        .filter(|written| matches!(written.change, Some(Change::OneMore | Change::OneLess)));
    let grants = of_one.map(Written::grants_per_move).fold(0.0, f64::max);
    vec![
        Verdict {
            what: "largest value, bytes",
            found: grouped(largest),
            bound: format!("< {}", grouped(PAYLOAD_MAX)),
            kept: largest < PAYLOAD_MAX,
            deterministic: true,
        },
        Verdict {
            what: "grants written for each partition moved, one member more or less",
            found: format!("{grants:.3}"),
            bound: format!("≤ {GRANTS_MAX}"),
            kept: grants <= GRANTS_MAX,
            deterministic: true,
        },
    ]
}

/// Every bound, in a group in which it was measured.
pub fn verdicts(case: &Case, measured: &Measured) -> Vec<Verdict> {
    let mut all = vec![most(case, measured)];
    all.extend(least(case, measured));
    all.push(removal(measured));
    all.push(growth(measured));
    all.push(time("first answer", measured.fresh, FRESH_MAX));
    let slowest = measured.changes.iter().map(|changed| changed.took).max();
    all.push(time("slowest change", slowest.unwrap_or_default(), CHANGE_MAX));
    all
}

fn most(case: &Case, measured: &Measured) -> Verdict {
    // A load is a whole number: what is compared is not what is rounded.
    let bound = MAX.max(case.heaviest());
    let found = measured.spread.max;
    Verdict {
        what: "max/mean",
        found: format!("{found:.3}"),
        bound: format!("≤ {bound:.3}"),
        kept: found <= bound + f64::EPSILON * bound,
        deterministic: true,
    }
}

/// Partitions can be spread if none is heavier than a mean load, and the lightest are a tenth of it.
fn least(case: &Case, measured: &Measured) -> Option<Verdict> {
    let found = measured.spread.min;
    (case.heaviest() <= 1.0 && case.lightest() <= LIGHT).then(|| Verdict {
        what: "min/mean",
        found: format!("{found:.3}"),
        bound: format!("≥ {MIN}"),
        kept: found >= MIN,
        deterministic: true,
    })
}

fn removal(measured: &Measured) -> Verdict {
    let mut removals = measured.changes.iter().filter(|changed| !changed.change.is_growth());
    let worst = removals.clone().map(|changed| changed.moved as f64 / changed.orphans as f64);
    Verdict {
        what: "moved on removal / orphans",
        found: format!("{:.3}", worst.fold(0.0, f64::max)),
        bound: "= 1".into(),
        kept: removals.all(|changed| changed.moved == changed.orphans),
        deterministic: true,
    }
}

fn growth(measured: &Measured) -> Verdict {
    let growths = measured.changes.iter().filter(|changed| changed.change.is_growth());
    let worst = growths.map(|changed| changed.excess()).fold(0.0, f64::max);
    Verdict {
        what: "moved on growth / unavoidable",
        found: format!("{worst:.3}"),
        bound: format!("≤ {GROWTH_MAX}"),
        kept: worst <= GROWTH_MAX,
        deterministic: true,
    }
}

fn time(what: &'static str, took: Duration, most: Duration) -> Verdict {
    Verdict {
        what,
        found: super::show::milliseconds(took),
        bound: format!("≤ {} ms", most.as_millis()),
        kept: took <= most,
        deterministic: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Changed, Size, Spread, WeightsOf};
    use super::*;

    fn changed(change: Change, moved: u64) -> Changed {
        let spread = Spread { max: 1.0, min: 1.0 };
        let took = Duration::from_millis(50);
        Changed { change, took, moved, orphans: 10, unavoidable: 10, spread }
    }

    fn measured() -> Measured {
        let changes = Change::ALL.map(|change| changed(change, 10));
        let spread = Spread { max: 1.05, min: 0.9 };
        Measured { fresh: Duration::from_millis(250), spread, changes: changes.into() }
    }

    fn broken(weights: WeightsOf, spoil: impl FnOnce(&mut Measured)) -> Vec<&'static str> {
        let size = Size { partitions: 1000, members: 100 };
        let mut measured = measured();
        spoil(&mut measured);
        let all = verdicts(&Case::new(size, weights), &measured).into_iter();
        all.filter(|verdict| !verdict.kept).map(|verdict| verdict.what).collect()
    }

    #[test]
    fn records_have_bounds_of_their_own() {
        let size = Size { partitions: 1000, members: 100 };
        let of = |change, moved, bytes, largest| {
            vec![Written { size, change, moved, records: 9, bytes, largest, first: 10_000 }]
        };
        let kept = |written: Vec<Written>| {
            record_verdicts(&written).iter().map(|verdict| verdict.kept).collect::<Vec<_>>()
        };
        // A grant has 100 bytes.
        assert_eq!(kept(of(Some(Change::OneMore), 10, 1250, PAYLOAD_MAX - 1)), [true, true]);
        assert_eq!(kept(of(Some(Change::OneLess), 10, 1251, 200)), [true, false]);
        assert_eq!(kept(of(Some(Change::TenthLess), 10, 9000, 200)), [true, true]);
        assert_eq!(kept(of(None, 1000, 10_000, PAYLOAD_MAX)), [false, true]);
    }

    #[test]
    fn each_bound_holds_up_to_its_edge() {
        use WeightsOf::{Equal, Heavy};
        assert_eq!(broken(Equal, |_| ()), [""; 0]);
        assert_eq!(broken(Equal, |m| m.spread.max = 1.051), ["max/mean"]);
        // 50 of weight 100 and 950 of weight 1: the heaviest is 1.68 means.
        assert_eq!(broken(Heavy, |m| m.spread.max = 1.68), [""; 0]);
        assert_eq!(broken(Heavy, |m| m.spread.max = 1.69), ["max/mean"]);
        assert_eq!(broken(Equal, |m| m.spread.min = 0.89), ["min/mean"]);
        assert_eq!(broken(Heavy, |m| m.spread.min = 0.1), [""; 0], "they cannot be spread");
        for fewer in [9, 11] {
            let spoil = |m: &mut Measured| m.changes[3] = changed(Change::TenthLess, fewer);
            assert_eq!(broken(Equal, spoil), ["moved on removal / orphans"]);
        }
        assert_eq!(broken(Equal, |m| m.changes[0] = changed(Change::OneMore, 12)), [""; 0]);
        let spoil = |m: &mut Measured| m.changes[1] = changed(Change::TenthMore, 13);
        assert_eq!(broken(Equal, spoil), ["moved on growth / unavoidable"]);
        let longer = Duration::from_micros(250_001);
        assert_eq!(broken(Equal, |m| m.fresh = longer), ["first answer"]);
        assert_eq!(broken(Equal, |m| m.changes[2].took = longer), ["slowest change"]);
    }
}
