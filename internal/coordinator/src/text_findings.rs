//! Findings as a person reads them: what, whose, and the records that show it.

use std::fmt::{self, Write};

use model::Timestamp;

use crate::{Culprit, Evidence, Finding, Report};

/// Findings that are printed with their evidence.
const FINDINGS_MAX: usize = 10;

impl Report {
    pub(crate) fn write_findings(&self, out: &mut String) -> fmt::Result {
        let all: u64 = self.anomalies.found().map(|(_, count)| count).sum();
        if all == 0 {
            return Ok(());
        }
        writeln!(out, "\nFindings ({all} anomalies, {} with evidence):", self.findings.len())?;
        for (number, finding) in self.findings.iter().take(FINDINGS_MAX).enumerate() {
            self.write_finding(out, number + 1, finding)?;
        }
        let more = self.findings.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            writeln!(out, "  … and {more} more in report.json")?;
        }
        Ok(())
    }

    fn write_finding(&self, out: &mut String, number: usize, of: &Finding) -> fmt::Result {
        write!(out, "{number:>3}. {}", of.class.words())?;
        if let Some(partition) = of.partition {
            write!(out, ", partition {partition}")?;
        }
        for (index, range) in of.sequences.iter().enumerate() {
            let separator = if index == 0 { ", message " } else { ", " };
            match range.count() {
                1 => write!(out, "{separator}{}", range.0)?,
                _ => write!(out, "{separator}{}-{}", range.0, range.1)?,
            }
        }
        writeln!(out, " (×{}) at {}: {}", of.count, self.clock(of.at), of.detail)?;
        writeln!(out, "     look at: {}", culprit(&of.culprit))?;
        for evidence in &of.evidence {
            writeln!(out, "     - {}", self.evidence(evidence))?;
        }
        if !of.faults.is_empty() {
            writeln!(out, "     faults then: {}", of.faults.join(", "))?;
        }
        Ok(())
    }

    pub(crate) fn evidence(&self, of: &Evidence) -> String {
        let mut text = of.what.clone();
        if let Some(at) = of.at {
            let _ = write!(text, ", at {}", self.clock(at));
        }
        if let Some(seq) = of.ledger {
            let _ = write!(text, ", ledger record {seq}");
        }
        if let Some(seq) = of.message {
            let _ = write!(text, ", message record {seq}");
        }
        if let Some(holder) = &of.holder {
            let _ = write!(text, ", by {} (session {}", holder.member, holder.session.0);
            // Where nothing is fenced, a record need not say under which grant it was made.
            if holder.term.0 > 0 {
                let _ = write!(text, ", term {}", holder.term.0);
            }
            if holder.epoch.0 > 0 {
                let _ = write!(text, ", epoch {}", holder.epoch.0);
            }
            text.push(')');
        }
        text
    }

    /// A time as seconds since the run began.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        format!("{:+.3} s", at.0.saturating_sub(self.started_at.0) as f64 / 1e6)
    }
}

fn culprit(of: &Culprit) -> String {
    match of {
        Culprit::Broker => "the broker".into(),
        Culprit::Producer(producer) => producer.to_string(),
        Culprit::Member { member, session } => format!("{member} (session {})", session.0),
        Culprit::Leader(member) => format!("{member} as the leader"),
        Culprit::Nobody => "nobody in particular".into(),
    }
}
