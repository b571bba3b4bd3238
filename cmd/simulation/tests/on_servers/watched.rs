//! Every process of a run can be watched: it is healthy, ready, and shows its own metrics; separate
//! ones share a configuration and take ports of their own.

use crate::common::{Place, Program, TINY, free_port, run, simulation};
use rustix::process::Signal;

/// A word that follows `before` in what `name` has said.
fn word_after(place: &Place, name: &str, before: &str) -> String {
    let said = std::fs::read_to_string(place.path(&format!("{name}.out"))).unwrap();
    let rest = said.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {said}")).1;
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn every_process_of_a_run_can_be_watched() {
    let place = Place::new("watched");
    place.file("tiny.yaml", TINY);
    let (nats, port) = (free_port().to_string(), free_port());
    let dir = place.text("nats");
    let mut server =
        Program::start(&place, "nats", &["nats", "--memory", "--dir", &dir, "--port", &nats]);
    server.says("✓ nats-server").await;
    let shown = format!("metrics.prometheus.port={port}");
    let start = |name: &str, args: &[&str]| {
        let mut command = simulation(&place);
        command.env("NATS_URL", format!("nats://127.0.0.1:{nats}"));
        command.args(["--config", "tiny.yaml", "--set", &shown]);
        command.args(["--set", "metrics.prometheus.enabled=true"]).args(args);
        Program::spawn(&place, name, command)
    };
    let mut worker = start("worker-0", &["--mode", "worker", "--id", "worker-0"]);
    let mut producer = start("producer-0", &["--mode", "producer", "--id", "producer-0"]);
    let other = start("producer-1", &["--mode", "producer", "--id", "producer-1"]);
    let lead = ["--mode", "coordinator", "--duration", "9s", "--report", "run"];
    let mut coordinator = start("coordinator", &lead);
    worker.says("✓ worker-0 started").await;
    producer.says("✓ producer-0 started").await;
    coordinator.says("✓ coordinator started").await;

    let at = |name: &str| word_after(&place, name, &format!("✓ Metrics of {name} at "));
    let [working, sending] = [at("worker-0"), at("producer-0")];
    assert_ne!(working, sending, "each has a port of its own");
    let own = format!("http://127.0.0.1:{port}/metrics");
    assert_eq!(
        word_after(&place, "coordinator", "✓ Metrics at "),
        own,
        "whoever leads has this one"
    );
    for url in [&working, &sending, &own] {
        let url = url.strip_suffix("/metrics").unwrap();
        for (name, url) in [("alive", url.to_owned()), ("ready", format!("{url}/readyz"))] {
            let ended = ready(&place, name, &url).await;
            assert!(ended.contains("is well"), "{url}: {ended}");
        }
    }
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let ended = run(&place, "nobody", &["health", &nobody]).await.with(5);
    assert!(
        ended.err.contains(&nobody) && ended.err.contains("metrics.prometheus"),
        "{}",
        ended.err
    );
    coordinator.ended().await.with(0);
    for process in [worker, producer, other] {
        process.ended().await.with(0);
    }
    server.signal(Signal::TERM);
    server.ended().await.with(0);
}

/// Asks until the answer is good: a process is ready some time after it has started.
async fn ready(place: &Place, name: &str, url: &str) -> String {
    for _ in 0..20 {
        let ended = run(place, name, &["health", url]).await;
        if ended.code == Some(0) {
            return ended.out;
        }
        assert_eq!(ended.code, Some(5), "{}", ended.err);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("{url} is never well");
}
