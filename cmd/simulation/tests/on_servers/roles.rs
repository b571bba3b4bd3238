//! Producers, workers and coordinator as separate processes against one server, started in any
//! order, some of them killed: the same verdict.

use std::time::Duration;

use crate::common::{Place, Program, TINY, assert_passed, free_port, number, simulation};
use rustix::process::Signal;

/// One place, one server, any number of processes.
struct Site {
    place: Place,
    url: String,
    server: Program,
}

impl Site {
    async fn new(name: &str) -> Self {
        let place = Place::new(name);
        // Weights that are drawn: processes that draw differently send too much or too little.
        let config = TINY
            .replace("rate_per_partition: 8", "rate_per_partition: 8, distribution: exponential");
        place.file("tiny.yaml", &config);
        let port = free_port();
        let (port, dir) = (port.to_string(), place.text("nats"));
        let args = ["nats", "--memory", "--dir", &dir, "--port", &port];
        let mut server = Program::start(&place, "nats", &args);
        server.says("✓ nats-server").await;
        Self { place, url: format!("nats://127.0.0.1:{port}"), server }
    }

    /// A producer or a worker, by its environment alone; named after itself and `run`.
    fn member(&self, variable: &str, id: &str, run: &str) -> Program {
        let mut command = simulation(&self.place);
        command.env(variable, id).env("NATS_URL", &self.url);
        command.args(["-config", "tiny.yaml"]);
        Program::spawn(&self.place, &format!("{run}-{id}"), command)
    }

    fn producer(&self, id: &str, run: &str) -> Program {
        self.member("PRODUCER_ID", id, run)
    }

    fn worker(&self, id: &str, run: &str) -> Program {
        self.member("WORKER_ID", id, run)
    }

    fn coordinator(&self, run: &str, more: &[&str]) -> Program {
        let mut command = simulation(&self.place);
        command.env("NATS_URL", &self.url);
        command.args(["-config", "tiny.yaml", "--mode", "coordinator", "--report", run]);
        command.args(more);
        Program::spawn(&self.place, &format!("{run}-coordinator"), command)
    }

    async fn closed(self) {
        self.server.signal(Signal::TERM);
        self.server.ended().await.with(0);
        self.place.deserted(crate::common::HUNG).await;
    }
}

#[tokio::test]
async fn separate_processes_reach_the_verdict_in_any_order() {
    let site = Site::new("roles").await;
    // Shuffled: members come before and after the coordinator, producers before workers.
    let mut killed = site.worker("worker-1", "run");
    let one = site.producer("producer-1", "run");
    killed.says("✓ worker-1 started").await;
    let mut coordinator = site.coordinator("run", &["--duration", "9s"]);
    coordinator.says("✓ coordinator started").await;
    let mut leaving = site.worker("worker-2", "run");
    let other = site.producer("producer-0", "run");
    leaving.says("✓ worker-2 started").await;
    let mut staying = site.worker("worker-0", "run");
    staying.says("✓ worker-0 started").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    killed.signal(Signal::KILL);
    killed.ended().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    leaving.signal(Signal::TERM);
    let left = leaving.ended().await.with(0);
    assert!(left.out.contains("✓ worker-2 left"), "{}", left.out);

    let judged = coordinator.ended().await.with(0);
    assert!(judged.out.contains("✅ SUCCESS: No message loss or duplication detected"));
    for program in [one, other, staying] {
        program.ended().await.with(0);
    }
    let report = site.place.report("run");
    assert_passed(&report);
    let page = site.place.page("run", "Pass");
    assert_eq!(page["names"].as_object().map(serde_json::Map::len), Some(3), "{page}");
    assert_eq!(number(&report, "/totals/producers_finished"), 2);
    assert_eq!(number(&report, "/totals/workers/expired"), 1);
    assert_eq!(number(&report, "/totals/workers/left"), 2);
    site.closed().await;
}

#[tokio::test]
async fn a_second_run_under_the_prefix_is_refused_or_starts_afresh() {
    let site = Site::new("second_run").await;
    let run = async |name: &str, more: &[&str]| {
        let mut coordinator = site.coordinator(name, more);
        coordinator.says("✓ coordinator started").await;
        let members = [
            site.producer("producer-0", name),
            site.producer("producer-1", name),
            site.worker("worker-0", name),
        ];
        coordinator.ended().await.with(0);
        for member in members {
            member.ended().await.with(0);
        }
        let report = site.place.report(name);
        assert_passed(&report);
        report
    };
    let first = run("first", &["--duration", "3s"]).await;

    // Whoever comes late, or begins again without saying how, is told what to do.
    let refused = [
        site.producer("producer-0", "refused"),
        site.worker("worker-0", "refused"),
        site.coordinator("refused", &[]),
    ];
    for program in refused {
        let ended = program.ended().await.with(2);
        for words in ["nats.name_prefix simulation is over", "nats.existing=delete"] {
            assert!(ended.err.contains(words), "{}", ended.err);
        }
    }

    let second = run("second", &["--duration", "3s", "--set", "nats.existing=delete"]).await;
    assert_eq!(first["seed"], second["seed"], "processes under one prefix agree on the seed");
    let begun = second["started_at"].as_i64();
    let plans = second["rebalances"].as_array().unwrap();
    assert!(plans.iter().all(|plan| plan["at"].as_i64() > begun), "of the first run: {plans:?}");
    site.closed().await;
}
