//! The verdict and why, the counts, what went wrong, and what the run was.

use coordinator::{Class, Evidence, Finding, Promise, Report, Verdict};

use super::html::Html;
use super::when::{of_run, utc};

/// Findings that are shown.
const FINDINGS_MAX: usize = 200;
/// Records that are shown of each.
const EVIDENCE_MAX: usize = 20;

/// Whose report it is.
pub(super) fn head(html: &mut Html, report: &Report) {
    html.raw(
        "<header class=\"bar\"><p class=\"name\"><span class=\"logo\" aria-hidden=\"true\"></span>",
    );
    html.raw("Parti Simulation</p>");
    let lasted = report.ended_at.since(report.started_at).as_secs_f64();
    let said = format!(
        "seed {} · {} · lasted {} · commit {}",
        report.seed,
        utc(report.started_at),
        of_run(lasted),
        report.commit
    );
    html.element("p", "class=\"run\"", &said);
    html.raw("</header>\n");
}

/// The verdict in a word, and why.
pub(super) fn verdict(html: &mut Html, report: &Report) {
    let words = match report.verdict {
        Verdict::Pass => "Pass",
        Verdict::Correctness => "Correctness violated",
        Verdict::Liveness => "Liveness violated",
        Verdict::Inconclusive => "Inconclusive",
        Verdict::Environment => "No broker to judge by",
        Verdict::Running => "Not judged",
    };
    html.raw(&format!("<section class=\"verdict\" data-verdict=\"{}\">", report.verdict));
    html.raw("<span class=\"mark\" aria-hidden=\"true\"></span><div class=\"words\">");
    html.element("h1", "id=\"verdict-word\"", words);
    if report.reasons.is_empty() {
        html.element("p", "", good(report.promise));
    }
    report.reasons.iter().for_each(|reason| html.element("p", "", reason));
    html.raw("</div>");
    let ended = if report.interrupted { " (ended before its time)" } else { "" };
    html.element("p", "class=\"elapsed\"", &format!("exit code {}{ended}", report.exit_code));
    html.raw("</section>\n");
}

/// What a run has shown that nothing is said against.
fn good(promise: Promise) -> &'static str {
    match promise {
        Promise::ExactlyOnce => "No message was lost, repeated or reordered.",
        Promise::AtLeastOnce { .. } => {
            "No message was lost, and a fault explains each that was repeated or late."
        }
    }
}

/// The counts.
pub(super) fn counts(html: &mut Html, report: &Report) {
    let totals = &report.totals;
    let anomalies: u64 = report.anomalies.found().map(|(_, count)| count).sum();
    let tiles: [(&str, u64, String); 8] = [
        ("Sent", totals.sent, format!("{} acknowledged", totals.acked)),
        ("Done", totals.received, format!("{} effects", totals.effects)),
        ("Handled again", totals.reprocessed, format!("{} attempts", totals.attempts)),
        ("Fenced", totals.fenced, "effects refused".to_owned()),
        ("Recovered", totals.recovered, format!("{} publishes tried again", totals.retries)),
        ("Rebalances", totals.rebalances, format!("{} claims", totals.claims)),
        ("Faults", totals.faults, format!("{} skipped", totals.faults_skipped)),
        ("Anomalies", anomalies, format!("{} findings", report.findings.len())),
    ];
    html.raw("<dl class=\"tiles\">");
    for (name, count, note) in tiles {
        let tone = match (name, count) {
            ("Anomalies", 0) => "good",
            ("Anomalies", _) => "bad",
            _ => "",
        };
        html.raw(&format!("<div data-tone=\"{tone}\">"));
        html.element("dt", "", name);
        html.raw(&format!("<dd>{count}"));
        html.element("small", "", &note);
        html.raw("</dd></div>");
    }
    html.raw("</dl>\n");
}

/// What went wrong: each class, and the first findings with their evidence.
pub(super) fn findings(html: &mut Html, report: &Report) {
    html.section("long", "Anomalies", |html| {
        html.raw("<ul class=\"classes\">");
        for class in Class::ALL {
            let count = report.anomalies.of(class);
            let kind = if count > 0 { "class=\"found\"" } else { "" };
            html.element("li", kind, &format!("{count} {}", class.words()));
        }
        html.raw("</ul>");
        html.raw("<div class=\"findings\">");
        for finding in report.findings.iter().take(FINDINGS_MAX) {
            one(html, finding, report);
        }
        let more = report.findings.len().saturating_sub(FINDINGS_MAX);
        if more > 0 {
            let says = format!("{more} more findings are in report.json.");
            html.element("p", "class=\"hint\"", &says);
        }
        html.raw("</div>");
    });
}

fn one(html: &mut Html, finding: &Finding, report: &Report) {
    let kind = if finding.class.is_liveness() { "finding liveness" } else { "finding" };
    html.raw(&format!("<article class=\"{kind}\">"));
    let place = finding.partition.map(|p| format!(" in partition {}", p.0)).unwrap_or_default();
    let at = of_run(finding.at.since(report.started_at).as_secs_f64());
    html.element("strong", "", &format!("{} × {}{place}", finding.count, finding.class.words()));
    html.text(&format!(" at {at} ({:?})", finding.rule));
    html.element("p", "", &finding.detail);
    html.raw("<ul>");
    for evidence in finding.evidence.iter().take(EVIDENCE_MAX) {
        html.element("li", "", &said(evidence, report));
    }
    html.raw("</ul>");
    if !finding.faults.is_empty() {
        html.element("p", "class=\"hint\"", &format!("Open then: {}", finding.faults.join("; ")));
    }
    html.raw("</article>");
}

fn said(evidence: &Evidence, report: &Report) -> String {
    let mut said = evidence.what.clone();
    if let Some(at) = evidence.at {
        said += &format!(" at {}", of_run(at.since(report.started_at).as_secs_f64()));
    }
    if let Some(ledger) = evidence.ledger {
        said += &format!(", ledger record {}", ledger.0);
    }
    if let Some(message) = evidence.message {
        said += &format!(", message {}", message.0);
    }
    if let Some(holder) = &evidence.holder {
        said += &format!(", by {} (session {})", holder.member, holder.session.0);
    }
    said
}

/// What the run had to exercise.
pub(super) fn exercised(html: &mut Html, report: &Report) {
    if report.exercised.is_empty() {
        return;
    }
    html.section("", "What had to happen", |html| {
        let happened = |yes| if yes { "happened" } else { "never happened" }.to_owned();
        let rows: Vec<_> = report
            .exercised
            .iter()
            .map(|one| vec![one.required.to_string(), happened(one.happened)])
            .collect();
        let all = rows.len();
        html.table("Exercised", &["What", "Whether"], rows, all);
    });
}

/// What the run used.
pub(super) fn resources(html: &mut Html, report: &Report) {
    let used = report.resources.iter().map(|(name, value)| {
        let value = if name.contains("bytes") {
            format!("{:.1} MiB", value / f64::from(1 << 20))
        } else {
            format!("{value:.2}")
        };
        vec![name.replace('_', " "), value]
    });
    let mut rows: Vec<_> = used.collect();
    if let Some(time) = &report.virtual_time {
        rows.push(vec!["virtual time".into(), of_run(time.virtual_seconds)]);
        rows.push(vec!["times faster than real time".into(), format!("{:.0}", time.factor)]);
        rows.push(vec!["trace".into(), format!("{} of {}", time.trace_hash, time.trace_events)]);
    }
    if rows.is_empty() {
        return;
    }
    html.section("", "What it used", |html| {
        let all = rows.len();
        html.table("Used", &["What", "How much"], rows, all);
    });
}

/// How to run it again.
pub(super) fn configuration(html: &mut Html, report: &Report) {
    html.section("long", "The same again", |html| {
        html.element("pre", "id=\"reproduce\" class=\"command\"", &report.reproduce);
        let about = format!("Seed {}, commit {}", report.seed, report.commit);
        html.element("p", "class=\"hint\"", &about);
    });
    html.section("long", "Configuration", |html| {
        html.raw("<pre id=\"configuration\">");
        html.long_text(&format!("{:#}", report.config));
        html.raw("</pre>");
    });
}
