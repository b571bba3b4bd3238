//! What happened to the run: rebalances, faults with what followed, recoveries.

use coordinator::{FaultEntry, Rebalance, Report};

use super::html::Html;
use super::when::of_run;

/// Rows of each table.
const ROWS_MAX: usize = 500;

/// Every change of the assignment.
pub(super) fn rebalances(html: &mut Html, report: &Report) {
    html.section("long", "Rebalances", |html| {
        if report.rebalances.is_empty() {
            html.element("p", "class=\"hint\"", "None.");
            return;
        }
        let row = |plan: &Rebalance| {
            vec![
                of_run(plan.at.since(report.started_at).as_secs_f64()),
                plan.epoch.0.to_string(),
                plan.leader.to_string(),
                plan.cause.clone(),
                plan.members.to_string(),
                format!("{} ({} needed)", plan.moved, plan.needed),
                plan.seconds.map_or("not settled".into(), |seconds| format!("{seconds:.2} s")),
            ]
        };
        let heads = ["At", "Epoch", "Leader", "Cause", "Members", "Moved", "Took"];
        html.table("Each rebalance", &heads, report.rebalances.iter().map(row).collect(), ROWS_MAX);
    });
}

/// Faults by name, and each with what followed.
pub(super) fn faults(html: &mut Html, report: &Report) {
    html.section("long", "Faults, and what followed", |html| {
        if report.faults.is_empty() {
            html.element("p", "class=\"hint\"", "None.");
            return;
        }
        let seconds =
            |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.2} s"));
        let by_name = report.fault_summaries.iter().map(|sum| {
            vec![
                sum.event.clone(),
                sum.count.to_string(),
                sum.skipped.to_string(),
                sum.moved.to_string(),
                sum.taken_over.to_string(),
                format!("{:.2} s", sum.unowned_max_seconds),
                sum.fenced.to_string(),
                seconds(sum.stable_median_seconds),
                seconds(sum.stable_max_seconds),
            ]
        });
        let heads = [
            "Event",
            "Count",
            "Skipped",
            "Moved",
            "Taken over",
            "Unowned, longest",
            "Fenced",
            "Stable after, median",
            "At the longest",
        ];
        html.table("Faults by name", &heads, by_name.collect(), ROWS_MAX);
        let row = |entry: &FaultEntry| {
            let (fault, impact) = (&entry.fault, &entry.impact);
            vec![
                of_run(fault.at.since(report.started_at).as_secs_f64()),
                fault.event.clone(),
                fault.target.clone(),
                fault.effect.clone(),
                impact.moved.to_string(),
                format!("{:.2} s", impact.unowned_max_seconds),
                seconds(impact.stable_seconds),
            ]
        };
        let heads =
            ["At", "Event", "Target", "What it did", "Moved", "Unowned, longest", "Stable after"];
        html.table("Each fault", &heads, report.faults.iter().map(row).collect(), ROWS_MAX);
    });
}

/// How long it took until partitions were owned again.
pub(super) fn recoveries(html: &mut Html, report: &Report) {
    if report.recoveries.is_empty() {
        return;
    }
    html.section("long", "Until partitions were owned again", |html| {
        let rows = report.recoveries.iter().map(|recovery| {
            vec![
                recovery.event.clone(),
                recovery.target.clone(),
                recovery.partitions.to_string(),
                format!("{:.2} s", recovery.seconds),
            ]
        });
        html.table(
            "Recoveries",
            &["After", "Of whom", "Partitions", "Took"],
            rows.collect(),
            ROWS_MAX,
        );
    });
}
