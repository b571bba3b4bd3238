//! The report as a person reads it.

use std::fmt::{self, Write};

use crate::{Promise, Report, Verdict};

impl Report {
    /// The report in words, without colours.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("writing to a string does not fail");
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let totals = &self.totals;
        let running = self.verdict == Verdict::Running;
        let gaps = self.anomalies.lost_by_broker + self.anomalies.lost_in_delivery;
        let gaps = if running { gaps + totals.passed_over } else { gaps };
        writeln!(out, "=== Simulation Report ===")?;
        writeln!(out, "Total Partitions: {}", totals.partitions)?;
        writeln!(out, "Total Sent:       {}", totals.sent)?;
        writeln!(out, "Total Received:   {}", totals.received)?;
        writeln!(out, "Gaps Detected:    {gaps}")?;
        writeln!(out, "Duplicates:       {}", self.anomalies.duplicate)?;
        writeln!(out, "{}", self.headline())?;
        writeln!(out)?;
        self.write_messages(out)?;
        self.write_redelivered(out)?;
        self.write_group(out)?;
        self.write_recoveries(out)?;
        self.write_faults(out)?;
        self.write_rest(out)?;
        self.write_findings(out)
    }

    /// The line that says how it went.
    fn headline(&self) -> String {
        let reasons = self.reasons.join(", ");
        match self.verdict {
            Verdict::Pass => match self.promise {
                Promise::ExactlyOnce => {
                    "✅ SUCCESS: No message loss or duplication detected".into()
                }
                Promise::AtLeastOnce { .. } => {
                    "✅ SUCCESS: No message loss; every duplicate is explained by a fault".into()
                }
            },
            Verdict::Correctness => format!("❌ FAILURE: {reasons}"),
            Verdict::Liveness => format!("❌ FAILURE: it did not get done in time: {reasons}"),
            Verdict::Environment => format!("❌ FAILURE: no verdict without a broker: {reasons}"),
            Verdict::Inconclusive => format!("❌ FAILURE: inconclusive: {reasons}"),
            Verdict::Running => {
                let found: Vec<_> = self.anomalies.found().collect();
                let found: Vec<_> =
                    found.iter().map(|(class, n)| format!("{}: {n}", class.words())).collect();
                let found = if found.is_empty() { "no anomaly".into() } else { found.join(", ") };
                format!("⏳ RUNNING: {} in flight, {found} so far", self.totals.in_flight)
            }
        }
    }

    fn write_messages(&self, out: &mut String) -> fmt::Result {
        let t = &self.totals;
        line(out, "In Flight", t.in_flight)?;
        let passed = if t.passed_over > 0 {
            format!(", {} stored messages passed over", t.passed_over)
        } else {
            String::new()
        };
        line(
            out,
            "Messages",
            format!("{} acknowledged, {} stored, {} effects{passed}", t.acked, t.stored, t.effects),
        )?;
        line(
            out,
            "Handling",
            format!(
                "{} attempts, {} failed, {} reprocessed, {} fenced",
                t.attempts, t.failures, t.reprocessed, t.fenced
            ),
        )?;
        line(
            out,
            "Publishing",
            format!(
                "{} in doubt, {} recovered, {} retries, {} rejected",
                t.in_doubt, t.recovered, t.retries, t.rejected
            ),
        )?;
        if t.foreign > 0 {
            line(out, "Foreign", format!("{} records that are not ours", t.foreign))?;
        }
        Ok(())
    }

    fn write_group(&self, out: &mut String) -> fmt::Result {
        let t = &self.totals;
        let w = &t.workers;
        line(
            out,
            "Workers",
            format!(
                "{} live, {} left, {} expired, {} crashed",
                w.live, w.left, w.expired, w.crashed
            ),
        )?;
        let leader = t.leader.as_ref().map_or("none", |leader| leader.as_str());
        line(out, "Leader", format!("{leader} (term {}, epoch {})", t.term.0, t.epoch.0))?;
        line(
            out,
            "Ownership",
            format!(
                "{} owned, {} unowned, {} claims, {} zombies, {:.3} partition-seconds unowned",
                t.owned, t.unowned, t.claims, t.zombies, t.unowned_seconds
            ),
        )?;
        let (moved, needed) = self.rebalances.iter().fold((0, 0), |(moved, needed), rebalance| {
            (moved + u64::from(rebalance.moved), needed + u64::from(rebalance.needed))
        });
        let times = spread(self.rebalances.iter().filter_map(|r| r.seconds).collect());
        line(
            out,
            "Rebalances",
            format!("{} ({moved} partitions moved, {needed} needed{times})", t.rebalances),
        )?;
        let cold = match t.cold_start_seconds {
            Some(seconds) => format!("all owned {seconds:.3} s after the start"),
            None => "never was every partition owned".to_owned(),
        };
        line(out, "Recovery", cold)
    }

    fn write_rest(&self, out: &mut String) -> fmt::Result {
        let resources = self.resources.iter().map(|(name, value)| format!("{name} {value}"));
        let resources: Vec<_> = resources.collect();
        if !resources.is_empty() {
            line(out, "Resources", resources.join(", "))?;
        }
        for exercised in self.exercised.iter().filter(|exercised| !exercised.happened) {
            line(out, "Not Exercised", &exercised.required)?;
        }
        if self.interrupted {
            line(out, "Interrupted", "judged on what was done; nothing had to be exercised")?;
        }
        if self.verdict != Verdict::Running {
            let seconds = self.ended_at.since(self.started_at).as_secs_f64();
            line(out, "Duration", format!("{seconds:.3} s"))?;
            if let Some(time) = &self.virtual_time {
                line(
                    out,
                    "Virtual Time",
                    format!("in {:.3} s, {:.0} × real time", time.real_seconds, time.factor),
                )?;
                line(
                    out,
                    "Trace",
                    format!(
                        "{} of {} events, last word {}",
                        time.trace_hash, time.trace_events, time.last_word
                    ),
                )?;
                let reached = time.probes.values().filter(|hits| **hits > 0).count();
                line(out, "Probes", format!("{reached} of {} reached", time.probes.len()))?;
            }
            line(out, "Verdict", format!("{} (exit code {})", self.verdict, self.exit_code))?;
        }
        if !self.reproduce.is_empty() {
            line(out, "Reproduce", &self.reproduce)?;
        }
        Ok(())
    }
}

pub(crate) fn line(out: &mut String, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(out, "{:<17} {value}", format!("{name}:"))
}

/// Median and maximum of some durations in seconds.
fn spread(mut seconds: Vec<f64>) -> String {
    seconds.sort_by(f64::total_cmp);
    match seconds.last() {
        Some(max) => format!(", p50 {:.3} s, max {max:.3} s", seconds[(seconds.len() - 1) / 2]),
        None => String::new(),
    }
}
