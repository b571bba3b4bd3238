//! A campaign as it is printed.

use std::fmt::Write;

use crate::Campaign;

/// Failures that are printed one by one.
const SHOWN_MAX: usize = 20;

impl Campaign {
    /// For people. `seconds` is how long it took.
    pub fn text(&self, seconds: f64) -> String {
        let mut text = String::from("=== Exploration ===\n");
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, seconds);
        text
    }

    fn write(&self, to: &mut String, seconds: f64) -> std::fmt::Result {
        let rate = self.seeds as f64 / seconds.max(f64::EPSILON);
        writeln!(to, "Seeds:            {} in {seconds:.1} s, {rate:.1} a second", self.seeds)?;
        let hours = self.virtual_seconds / 3_600.0;
        writeln!(to, "Virtual Time:     {hours:.1} h, {} messages", self.messages)?;
        writeln!(to, "Verdicts:         {}", counted(&self.verdicts))?;
        let found = self.classes().filter(|(_, seeds)| *seeds > 0);
        let found: Vec<_> = found.map(|(class, seeds)| format!("{class} {seeds}")).collect();
        let found = if found.is_empty() { "none".into() } else { found.join(", ") };
        writeln!(to, "Anomalies:        {found}")?;
        writeln!(to, "Came Across:")?;
        for (name, count) in &self.met {
            let skipped = self.faults.get(name).map_or(0, |faults| faults.skipped);
            let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            let never = if *count == 0 { "  ← never" } else { "" };
            writeln!(to, "  {name:<34}{count:>9}{skipped}{never}")?;
        }
        for failed in self.failed.iter().take(SHOWN_MAX) {
            writeln!(to, "✗ seed {}: {}", failed.seed, failed.reasons.join("; "))?;
        }
        match (self.failures, self.missed().len()) {
            (0, 0) => writeln!(to, "✅ SUCCESS: no seed failed"),
            (0, missed) => writeln!(
                to,
                "⚠ INCONCLUSIVE: no seed failed, but {missed} situations never arose; run more seeds"
            ),
            (failures, _) => writeln!(to, "❌ FAILED: {failures} of {} seeds", self.seeds),
        }
    }
}

fn counted(counts: &std::collections::BTreeMap<String, u64>) -> String {
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if counts.is_empty() { "none".into() } else { counts.join(", ") }
}
