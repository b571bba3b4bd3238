//! What a campaign has to have come across, lest its pass mean nothing: every event of its frame, what
//! they are there to bring about, and every probe. One run need not; all of them together must.

use std::collections::{BTreeMap, BTreeSet};

use config::Consumption;
use coordinator::{FaultEntry, Promise, Report};
use probes::CATALOGUE;

use crate::Frame;

/// How a situation is counted.
type Count = fn(&Report) -> u64;

/// Where something is brought about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Every,
    Fenced,
    /// Designs that promise no more than at least once.
    Told,
}

/// What is brought about, by its name, and by which designs of consumption.
const BROUGHT_ABOUT: [(&str, By, Count); 9] = [
    ("changes of leader", By::Every, changes_of_leader),
    ("partitions moved", By::Every, |report| {
        report.rebalances.iter().map(|r| u64::from(r.moved)).sum()
    }),
    ("partitions taken over", By::Every, |report| {
        report.fault_summaries.iter().map(|f| f.taken_over).sum()
    }),
    ("zombies", By::Every, zombies),
    ("effects refused", By::Fenced, |report| report.totals.fenced),
    ("messages processed again", By::Every, |report| report.totals.reprocessed),
    ("messages delivered again", By::Told, |report| report.totals.redelivered),
    ("messages delivered late", By::Told, |report| report.totals.late),
    ("publishes in doubt found stored", By::Every, |report| report.totals.recovered),
];

/// What a design that is fenced, or not, can bring about.
fn brought_about(is_fenced: bool) -> impl Iterator<Item = (&'static str, Count)> {
    let by = if is_fenced { By::Fenced } else { By::Told };
    let of = BROUGHT_ABOUT.iter().filter(move |(_, of, _)| [By::Every, by].contains(of));
    of.map(|(name, _, count)| (*name, *count))
}

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
    let is_fenced = frame.config().workers.consumption == Consumption::Fenced;
    let brought = brought_about(is_fenced).map(|(name, _)| name.to_owned());
    let probes = CATALOGUE.iter().filter(move |probe| is_fenced || !probe.needs_claims());
    let probes = probes.map(|probe| probe.name().to_owned());
    events.chain(brought).chain(probes)
}

/// How often a run came across each.
pub(crate) fn met(report: &Report) -> BTreeMap<String, u64> {
    let events = report.fault_summaries.iter().map(|fault| (fault.event.clone(), fault.count));
    let brought = brought_about(report.promise == Promise::ExactlyOnce);
    let brought = brought.map(|(name, count)| (name.to_owned(), count(report)));
    let probes = report.virtual_time.iter().flat_map(|time| time.probes.clone());
    events.chain(brought).chain(probes).collect()
}
