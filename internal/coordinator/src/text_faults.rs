//! Faults as a person reads them: a line for each name, and how soon partitions were owned again.

use std::fmt::{self, Write};

use crate::text::line;
use crate::{FaultKind, FaultSummary, Report};

impl Report {
    /// How soon the partitions of members that were killed, left or restarted were owned again.
    pub(crate) fn write_recoveries(&self, out: &mut String) -> fmt::Result {
        for (name, kind) in [
            ("Crash To Owned", FaultKind::Crash),
            ("Leave To Owned", FaultKind::Stop),
            ("Restart To Owned", FaultKind::Restart),
        ] {
            let of_kind = self.recoveries.iter().filter(|recovery| recovery.kind == kind);
            let mut seconds: Vec<f64> = of_kind.map(|recovery| recovery.seconds).collect();
            seconds.sort_by(f64::total_cmp);
            let Some(max) = seconds.last() else { continue };
            let (p50, p99) = (percentile(&seconds, 50), percentile(&seconds, 99));
            let times = format!("p50 {p50:.3} s, p99 {p99:.3} s, max {max:.3} s");
            line(out, name, format!("{} times, {times}", seconds.len()))?;
        }
        Ok(())
    }

    pub(crate) fn write_faults(&self, out: &mut String) -> fmt::Result {
        let skipped = match self.totals.faults_skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        line(out, "Faults", format!("{}{skipped}", self.totals.faults))?;
        let done = self.fault_summaries.iter().filter(|summary| summary.count > 0);
        let rows: Vec<[String; 7]> = done.map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let head = ["", "count", "moved/needed", "stable p50", "stable max", "unowned", "fenced"]
            .map(str::to_owned);
        let first = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
        for [event, rest @ ..] in [head].iter().chain(&rows) {
            write!(out, "  {event:<first$}")?;
            for (cell, width) in rest.iter().zip([6, 13, 11, 11, 12, 8]) {
                write!(out, " {cell:>width$}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

fn row(of: &FaultSummary) -> [String; 7] {
    let seconds = |seconds: Option<f64>| match seconds {
        Some(seconds) => format!("{seconds:.3} s"),
        None => "never".to_owned(),
    };
    [
        of.event.clone(),
        of.count.to_string(),
        format!("{}/{}", of.moved, of.needed),
        seconds(of.stable_median_seconds),
        match of.never_stable {
            0 => seconds(of.stable_max_seconds),
            _ => "never".to_owned(),
        },
        format!("{:.3} s", of.unowned_seconds),
        of.fenced.to_string(),
    ]
}

/// The smallest of the sorted values that at least `percent` percent do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&hundred, percent)), [50.0, 99.0, 100.0]);
        assert_eq!([50, 99].map(|percent| percentile(&[1.0, 2.0, 3.0], percent)), [2.0, 3.0]);
    }
}
