//! What the scripts of `report.html` draw.

use std::collections::BTreeMap;

use coordinator::{FaultEntry, Report};
use serde::Serialize;
use view::{Ownerships, Point, View};

/// Faults that are drawn.
const FAULTS_MAX: usize = 2_000;

#[derive(Serialize)]
struct Data<'a> {
    seconds: f64,
    weights: &'a [u32],
    /// The names of owners, by their number.
    names: BTreeMap<u32, String>,
    ownerships: &'a Ownerships,
    points: Vec<Point>,
    faults: Vec<Span>,
    plans: Vec<f64>,
    /// When everything was owned for the first time.
    settled: Option<f64>,
}

#[derive(Serialize)]
struct Span {
    from: f64,
    to: f64,
}

/// The data as it may stand in a script element.
pub(super) fn of(report: &Report, view: &View) -> Result<String, serde_json::Error> {
    let seconds = |at: model::Timestamp| at.since(report.started_at).as_secs_f64();
    let shown = view.since(0);
    let span = |entry: &FaultEntry| {
        let over = entry.fault.over_at().unwrap_or(report.ended_at);
        Span { from: seconds(entry.fault.at), to: seconds(over) }
    };
    let happened = report.faults.iter().rev().filter(|entry| entry.fault.target != "-");
    let data = Data {
        seconds: seconds(report.ended_at),
        weights: &view.run().weights,
        names: shown.members.into_iter().map(|member| (member.n, member.id)).collect(),
        ownerships: view.ownerships(),
        points: shown.series.points,
        faults: happened.take(FAULTS_MAX).map(span).collect(),
        plans: report
            .rebalances
            .iter()
            .rev()
            .take(FAULTS_MAX)
            .map(|plan| seconds(plan.at))
            .collect(),
        settled: report.totals.cold_start_seconds,
    };
    // Within a string of JSON, `<` can be written so that no parser of HTML sees it.
    Ok(serde_json::to_string(&data)?.replace('<', "\\u003c"))
}
