//! Redeliveries as a person reads them: how many each kind of fault explains, and the first of them.

use std::fmt::{self, Write};

use crate::text::line;
use crate::{Promise, Report};

impl Report {
    pub(crate) fn write_redelivered(&self, out: &mut String) -> fmt::Result {
        let by = if self.consumption.is_empty() { "" } else { ", by " };
        line(out, "Promise", format!("{}{by}{}", self.promise, self.consumption))?;
        if self.promise == Promise::ExactlyOnce {
            return Ok(());
        }
        let t = &self.totals;
        line(
            out,
            "Redelivered",
            format!(
                "{} messages done again, {} late, all explained; {:.3} partition-seconds of overlap",
                t.redelivered, t.late, t.overlap_seconds
            ),
        )?;
        for of in &self.redelivered {
            writeln!(out, "  {}: {} again, {} late", of.event, of.again, of.late)?;
            for explained in &of.examples {
                writeln!(
                    out,
                    "     partition {}, message {} at {}, by {}",
                    explained.partition,
                    explained.sequence,
                    self.clock(explained.at),
                    explained.fault
                )?;
                for evidence in &explained.evidence {
                    writeln!(out, "     - {}", self.evidence(evidence))?;
                }
            }
        }
        Ok(())
    }
}
