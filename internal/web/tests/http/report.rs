//! `report.html`: one file, whatever stands in it.

use coordinator::{
    Class, Culprit, End, Evidence, Fault, FaultEntry, FaultKind, Finding, Impact, Judge,
    JudgeSettings, Promise, Report, Rule, RunInfo, Verdict,
};
use model::Timestamp;
use std::time::Duration;
use view::View;
use web::report_page;

use crate::run::{BEGAN, claimed, run};

const EVIL: &str = "</script><img src=x onerror=alert(1)>&\"'<!--";

fn at(second: i64) -> Timestamp {
    Timestamp(BEGAN.0 + second * 1_000_000)
}

/// The report of a run in which nothing happened.
fn report() -> Report {
    let settings = JudgeSettings {
        partitions: 4,
        weights: None,
        lease: Duration::from_secs(3),
        unowned_bound: Duration::from_secs(8),
        startup_bound: Duration::from_secs(20),
        stall: Duration::from_secs(9),
        processing_min: Duration::ZERO,
        promise: Promise::ExactlyOnce,
        sticky: true,
        required: vec![],
        started_at: BEGAN,
    };
    let info = RunInfo {
        seed: 42,
        commit: "c0ffee".into(),
        reproduce: format!("simulation --config a.yaml --set 'x={EVIL}' --seed 42"),
        config: serde_json::json!({ "partitions": { "count": 4 }, "note": EVIL }),
        virtual_time: None,
    };
    let end = End {
        at: at(60),
        drained_within: true,
        broker_reachable: true,
        interrupted: false,
        resources: [("harness_memory_bytes".to_owned(), 1024.0 * 1024.0)].into(),
    };
    Judge::new(settings).finish(end, &info)
}

fn finding(n: i64) -> Finding {
    Finding {
        class: Class::Duplicate,
        rule: Rule::I1,
        count: 3,
        partition: None,
        sequences: vec![],
        at: at(n),
        since: at(n),
        culprit: Culprit::Nobody,
        detail: format!("detail {EVIL}"),
        evidence: vec![Evidence {
            what: format!("evidence {EVIL}"),
            at: Some(at(n)),
            ledger: None,
            message: None,
            holder: None,
        }],
        faults: vec![EVIL.into()],
    }
}

fn fault(id: u64) -> FaultEntry {
    let fault = Fault {
        id,
        at: at(5),
        event: "worker_crash".into(),
        kind: FaultKind::Crash,
        target: "worker-1".into(),
        duration: None,
        ended_at: Some(at(6)),
        effect: EVIL.into(),
    };
    FaultEntry { fault, impact: Impact::default() }
}

/// The texts of a page, as a browser makes them out of it: without what is between `<` and `>`.
fn texts(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        text += before;
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    let text = text + rest;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#39;", "'").replace("&amp;", "&")
}

fn page() -> (Report, String) {
    let mut report = report();
    report.verdict = Verdict::Correctness;
    report.reasons = vec![format!("reason {EVIL}")];
    report.findings = vec![finding(3)];
    report.faults = vec![fault(1)];
    let mut view = View::new(run(4));
    view.happened(&claimed("w-0", 2, 1, 1));
    let page = report_page(&report, &view).expect("a page");
    (report, page)
}

#[test]
fn a_good_run_claims_no_more_than_was_promised() {
    let at_least_once = Promise::AtLeastOnce { reach: Duration::from_secs(1) };
    for (promise, claimed) in [(Promise::ExactlyOnce, true), (at_least_once, false)] {
        let report = Report { promise, reasons: vec![], ..report() };
        let page = report_page(&report, &View::new(run(4))).expect("a page");
        assert!(page.contains("No message was lost"), "{promise}");
        assert_eq!(page.contains("lost, repeated or reordered"), claimed, "{promise}");
    }
}

/// What is between two texts of the page.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect(from).0
}

#[test]
fn what_matters_stands_in_it_without_any_script() {
    let (report, page) = page();
    let body = part(&page, "<body>", "<script type=\"application/json\"");
    let texts = texts(body);
    for wanted in [
        "Correctness violated",
        &report.reasons[0],
        "seed 42",
        "2023-11-14 22:13:20 UTC",
        "3 × duplicate",
        &report.findings[0].detail,
        &report.findings[0].evidence[0].what,
        &report.reproduce,
        "worker-1",
        &format!("{:#}", report.config),
    ] {
        assert!(texts.contains(wanted), "{wanted} is not in it");
    }
    assert!(page.contains("data-verdict=\"correctness\""));
}

#[test]
fn no_text_becomes_markup() {
    let (_, page) = page();
    assert_eq!(page.matches("</script>").count(), 3, "data, library, page");
    assert_eq!(page.matches("<script").count(), 3);
    assert!(!page.contains("<img") && !page.contains("<!--"));
}

#[test]
fn the_data_are_json_and_say_who_owned_what() {
    let (_, page) = page();
    let data = part(&page, "id=\"data\">", "</script>");
    assert!(!data.contains('<'));
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["seconds"], 60.0);
    assert_eq!(data["names"], serde_json::json!({ "0": "w-0" }));
    assert_eq!(data["ownerships"]["changes"], serde_json::json!([[1.0, 2, 0]]));
    assert_eq!(data["ownerships"]["base"], serde_json::json!([-1, -1, -1, -1]));
    assert_eq!(data["faults"], serde_json::json!([{ "from": 5.0, "to": 6.0 }]));
}

#[test]
fn it_needs_nothing_from_anywhere() {
    let (_, page) = page();
    assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none';"));
    let page = page.replace("https://github.com/leeoniya/uPlot", "");
    for word in ["http://", "https://", "@import", "<link", "\nimport "] {
        assert!(!page.contains(word), "{word}");
    }
    let mut tags = page.split('<').skip(1).filter_map(|tag| tag.split('>').next());
    assert!(tags.all(|tag| !tag.contains(" src=") && !tag.contains(" href=")));
}

#[test]
fn it_is_bounded_whatever_happened() {
    let mut report = report();
    report.findings =
        (0..5_000).map(|n| Finding { detail: "x".repeat(50_000), ..finding(n) }).collect();
    report.faults = (0..20_000).map(fault).collect();
    let mut view = View::new(run(1_500));
    for ledger in 0..60_000_u32 {
        view.happened(&claimed(
            &format!("w-{}", ledger % 100),
            ledger % 1_500,
            u64::from(ledger) + 1,
            1,
        ));
    }
    let page = report_page(&report, &view).expect("a page");
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains("4800 more findings are in report.json"), "it says what is left out");
    assert!(page.contains("19500 earlier ones are in report.json"));
}
