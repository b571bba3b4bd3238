//! The pages over real HTTP: what each says, and that it says the newest.

use std::time::Duration;

use crate::checker::Exposition;
use crate::client::Running;
use coordinator::{Progress, Totals, Verdict};
use metrics::Role;
use reports::Phase;
use web::Shared;

fn progress(sent: u64) -> Progress {
    Progress {
        elapsed: Duration::from_millis(1_500),
        phase: Phase::Draining,
        read: coordinator::Read::default(),
        totals: Totals { partitions: 4, sent, ..Totals::default() },
        ..Progress::default()
    }
}

#[tokio::test]
async fn metrics_are_what_prometheus_reads() {
    let running = Running::start().await;
    let first = running.get("/metrics").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.field("content-type"), Some("text/plain; version=0.0.4"));
    let first = Exposition::parse(&first.body).unwrap();
    assert!(first.families().count() >= 29, "{first:?}");
    assert_eq!(first.value("simulation_messages_sent_total"), Some(0.0));

    for (sent, shown) in [(10, 10.0), (7, 10.0), (12, 12.0)] {
        running.shared.update(&progress(sent));
        let page = Exposition::parse(&running.get("/metrics").await.body).unwrap();
        assert_eq!(page.value("simulation_messages_sent_total"), Some(shown));
        assert_eq!(page.samples().count(), first.samples().count(), "no series was added");
    }
    running.stop().await;
}

#[tokio::test]
async fn ready_only_while_the_run_is_under_way() {
    let running = Running::start().await;
    for (ready, status, body) in [
        (None, 503, "the run is not under way\n"),
        (Some(true), 200, "ok\n"),
        (Some(false), 503, "the run is not under way\n"),
    ] {
        if let Some(ready) = ready {
            running.shared.set_ready(ready);
        }
        let answer = running.get("/readyz").await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
        let answer = running.get("/healthz").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "alive, ready or not");
        assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"));
    }
    running.stop().await;
}

#[tokio::test]
async fn not_ready_while_the_broker_does_not_answer() {
    let running = Running::start().await;
    running.shared.set_broker(Err("no answer within 2s".into()));
    let answer = running.get("/readyz").await;
    assert_eq!(answer.body, "the run is not under way\n", "that comes first");
    running.shared.set_ready(true);
    let answer = running.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "the broker cannot be reached: no answer within 2s\n");
    assert_eq!(running.get("/healthz").await.status, 200, "the process lives all the same");
    running.shared.set_broker(Ok(()));
    assert_eq!(running.get("/readyz").await.status, 200);
    running.stop().await;
}

#[tokio::test]
async fn a_role_shows_itself_and_no_run() {
    for (role, family, chaos) in [
        (Role::Producer, "simulation_producer_retries_total", 404),
        (Role::Worker, "simulation_worker_attempts_total", 404),
        (Role::Chaos, "simulation_chaos_skipped_total", 404),
    ] {
        let running = Running::serving(Shared::of(role).unwrap()).await;
        let page = Exposition::parse(&running.get("/metrics").await.body).unwrap();
        assert_eq!(page.value(family), Some(0.0), "{role:?}");
        assert_eq!(page.value("simulation_messages_sent_total"), None, "{role:?}");
        for path in ["/healthz", "/readyz"] {
            assert_ne!(running.get(path).await.status, 404, "{role:?} {path}");
        }
        let answer = running.get("/status").await;
        assert_eq!(answer.status, 404, "{role:?} has no status of a run: {answer:?}");
        assert!(!answer.body.contains("/status"), "{role:?}: {}", answer.body);
        assert_eq!(running.get("/chaos").await.status, chaos, "{role:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn status_is_the_newest() {
    let running = Running::start().await;
    let mut changes = running.shared.changes();
    running.shared.update(&progress(9));
    running.shared.set_ready(true);
    let answer = running.get("/status").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let status: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(status["ready"], true);
    assert_eq!(status["phase"], "draining");
    assert_eq!(status["elapsed_seconds"], 1.5);
    assert_eq!(status["verdict"], "running");
    assert_eq!(status["totals"]["sent"], 9);
    assert_eq!(status["totals"]["anomalies"]["duplicate"], 0);

    running.shared.set_verdict(Verdict::Pass);
    let status: serde_json::Value =
        serde_json::from_str(&running.get("/status").await.body).unwrap();
    assert_eq!(status["verdict"], "pass");
    assert_eq!(status["totals"]["sent"], 9, "a verdict changes no figure");
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), running.shared.status());
    running.stop().await;
}

#[tokio::test]
async fn other_pages_and_methods_are_refused() {
    let running = Running::start().await;
    let answer = running.get("/").await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("/metrics"), "{answer:?}");
    let post =
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    let answer = running.ask(post).await;
    assert_eq!((answer.status, answer.field("allow")), (405, Some("get,head")));
    let head = "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = running.ask(head).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    running.stop().await;
}
