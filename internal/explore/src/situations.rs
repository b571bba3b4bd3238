//! What a campaign has to have come across, lest its pass mean nothing: every event of its frame, what
//! they are there to bring about, and every probe. One run need not; all of them together must.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::{FaultEntry, Report};
use probes::CATALOGUE;

use crate::Frame;

/// How a situation is counted.
type Count = fn(&Report) -> u64;

/// What is brought about, by its name.
const BROUGHT_ABOUT: [(&str, Count); 7] = [
    ("changes of leader", changes_of_leader),
    ("partitions moved", |report| report.rebalances.iter().map(|r| u64::from(r.moved)).sum()),
    ("partitions taken over", |report| report.fault_summaries.iter().map(|f| f.taken_over).sum()),
    ("zombies", zombies),
    ("effects refused", |report| report.totals.fenced),
    ("messages processed again", |report| report.totals.reprocessed),
    ("publishes in doubt found stored", |report| report.totals.recovered),
];

/// Plans of a leader that made none of those before.
fn changes_of_leader(report: &Report) -> u64 {
    let terms: BTreeSet<_> = report.rebalances.iter().map(|rebalance| rebalance.term).collect();
    (terms.len() as u64).saturating_sub(1)
}

/// Faults whose target held for a while what somebody else had claimed.
fn zombies(report: &Report) -> u64 {
    let doubly = |fault: &&FaultEntry| fault.impact.doubly_processed_seconds > 0.0;
    report.faults.iter().filter(doubly).count() as u64
}

/// The names of all that a campaign within `frame` has to come across.
pub(crate) fn wanted(frame: &Frame) -> impl Iterator<Item = String> {
    let events = frame.config().chaos.events.iter().filter(|mixed| mixed.weight() > 0);
    let events = events.map(|mixed| mixed.event.name().to_owned());
    let brought = BROUGHT_ABOUT.iter().map(|(name, _)| (*name).to_owned());
    let probes = CATALOGUE.iter().map(|probe| probe.name().to_owned());
    events.chain(brought).chain(probes)
}

/// How often a run came across each.
pub(crate) fn met(report: &Report) -> BTreeMap<String, u64> {
    let events = report.fault_summaries.iter().map(|fault| (fault.event.clone(), fault.count));
    let brought = BROUGHT_ABOUT.iter().map(|(name, count)| ((*name).to_owned(), count(report)));
    let probes = report.virtual_time.iter().flat_map(|time| time.probes.clone());
    events.chain(brought).chain(probes).collect()
}
