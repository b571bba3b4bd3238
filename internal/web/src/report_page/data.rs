//! What the scripts of `report.html` draw.

use std::collections::BTreeMap;

use coordinator::{FaultEntry, Report};
use serde::Serialize;
use view::{Ownerships, Point, View};

/// Faults, and plans, that are drawn.
const DRAWN_MAX: usize = 2_000;

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
        faults: happened.take(DRAWN_MAX).map(span).collect(),
        plans: report
            .rebalances
            .iter()
            .rev()
            .take(DRAWN_MAX)
            .map(|plan| seconds(plan.at))
            .collect(),
        settled: report.totals.cold_start_seconds,
    };
    Ok(within_a_script(&serde_json::to_string(&data)?))
}

/// JSON in which no parser of HTML sees the end of an element: in a string, and only there does it
/// stand, `<` can be written otherwise.
fn within_a_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_string_ends_the_script() {
        let names = ["</script><!--", "a\\b"];
        let written = within_a_script(&serde_json::to_string(&names).expect("JSON"));
        assert!(!written.contains('<'), "{written}");
        assert_eq!(serde_json::from_str::<[String; 2]>(&written).expect("JSON"), names);
    }
}
