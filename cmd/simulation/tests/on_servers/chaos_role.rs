//! Chaos in a process of its own: workers that were started by somebody else register with it, and are
//! killed, paused and cut off.

use crate::common::{HUNG, Place, Program, assert_passed, free_port, server, simulation};
use tokio::process::Command;

const CONFIG: &str = "
simulation: {duration: 16s}
partitions: {count: 12, message_rate_per_partition: 8}
producers: {count: 1}
workers: {count: 3, processing_delay: 1-4ms, lease: 1s}
coordinator: {validation_window: 10s, report_interval: 1s}
nats: {mode: external, jetstream: {storage: memory}}
chaos:
  enabled: true
  token: s3cret
  restart_after: 1s
  script:
    - {at: 3s, event: worker_crash, target: worker-1}
    - {at: 6s, event: worker_pause, target: worker-2, for: 2s}
    - {at: 9s, event: network_disconnect, target: worker-0, for: 2s}
    - {at: 12s, event: worker_restart, target: worker-2}
    - {at: 13s, event: scale_up, count: 1}
";

fn member(place: &Place, url: &str, args: &[&str], chaos: Option<&str>) -> Command {
    let mut command = simulation(place);
    command.env("NATS_URL", url).args(["--config", "config.yaml"]).args(args);
    if let Some(chaos) = chaos {
        command.env("CHAOS_URL", chaos);
    }
    command
}

#[tokio::test]
async fn processes_that_register_are_broken_and_nothing_is_lost() {
    let place = Place::new("chaos_role");
    place.file("config.yaml", CONFIG);
    let server = server(&place).await;
    let url = server.url();
    let port = free_port().to_string();
    let chaos_url = format!("http://127.0.0.1:{port}");
    let port = format!("metrics.prometheus.port={port}");
    let start = |name: &str, args: &[&str], chaos: Option<&str>| {
        Program::spawn(&place, name, member(&place, &url, args, chaos))
    };
    let coordinator = ["--mode", "coordinator", "--report", "run"];
    let mut coordinator = start("coordinator", &coordinator, None);
    coordinator.says("✓ coordinator started").await;
    let mut chaos =
        start("chaos", &["--mode", "chaos", "--set", &port, "--report", "broken"], None);
    chaos.says("✓ Chaos controller at").await;
    let mut members = Vec::new();
    for (mode, id) in [
        ("producer", "producer-0"),
        ("worker", "worker-0"),
        ("worker", "worker-1"),
        ("worker", "worker-2"),
    ] {
        let mut member = start(id, &["--mode", mode, "--id", id], Some(&chaos_url));
        member.says("started").await;
        members.push(member);
    }
    coordinator.ended().await.with(0);
    let ended = chaos.ended().await.with(0);
    assert!(ended.out.contains("✓ worker-2 registered"), "{}", ended.out);
    for member in members {
        // Two of them were killed or replaced by children of the chaos controller.
        member.ended().await;
    }
    let report = place.report("run");
    assert_passed(&report);
    let faults = report["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 5, "{faults:#?}");
    for fault in faults {
        assert!(!fault["effect"].as_str().unwrap().starts_with("skipped"), "{fault:#}");
    }
    server.stop().await;
    place.deserted(HUNG).await;
}

#[tokio::test]
async fn without_a_controller_nobody_registers() {
    let place = Place::new("chaos_nobody");
    place.file("config.yaml", CONFIG);
    let url = format!("http://127.0.0.1:{}", free_port());
    let args = ["--mode", "worker", "--id", "worker-0"];
    let worker = member(&place, "nats://127.0.0.1:1", &args, Some(&url));
    let ended = Program::spawn(&place, "worker", worker).ended().await.with(5);
    for words in ["does not register us", "--mode chaos", &url] {
        assert!(ended.err.contains(words), "{words}: {}", ended.err);
    }
}
