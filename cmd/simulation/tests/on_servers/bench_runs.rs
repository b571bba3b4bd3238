//! `simulation bench pipeline` and `bench recover`: small sizes, for what is measured, and that it is
//! all there; never for how long it takes.

use std::fs;

use crate::common::{Ended, Place, Program, connect, free_port, number, run, server, simulation};
use broker::{Log, Reader, Seq, Start, Subject};
use broker_nats::NatsBroker;
use serde_json::Value;

const SMALL: [&str; 10] = [
    "--set",
    "partitions.count=12",
    "--set",
    "partitions.message_rate_per_partition=10",
    "--set",
    "workers.count=3",
    "--set",
    "producers.count=2",
    "--seconds",
    "1",
];

fn pipeline<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["bench", "pipeline"], args, &SMALL].concat()
}

/// Figures of a round that can only be there if it took place.
fn assert_measured(round: &Value) {
    assert!(number(round, "/messages") > 50, "{round:#}");
    for figure in ["seconds", "per_second", "cpu_us", "server_cpu_us"] {
        assert!(round[figure].as_f64() > Some(0.0), "{figure}: {round:#}");
    }
    assert!(number(round, "/memory_bytes") > 1_000_000, "{round:#}");
}

#[tokio::test]
async fn both_pipelines_are_measured_on_one_server() {
    let place = Place::new("bench_pipeline");
    let args = ["--storage", "memory", "--replicas", "1", "--rounds", "2", "--rate", "200"];
    let args =
        pipeline(&[&args[..], &["--json", "--markdown", "page.md", "--out", "out"]].concat());
    fs::create_dir_all(place.path("out")).unwrap();
    place.file("out/mine", "of somebody else");
    let ended = run(&place, "json", &args).await.with(0);
    assert!(ended.err.is_empty(), "no progress without a terminal: {}", ended.err);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    let versions = found["about"]["versions"].as_array().unwrap();
    let is_server = |version: &Value| version.as_str().unwrap().starts_with("nats-server 2.");
    assert_eq!(versions.iter().filter(|version| is_server(version)).count(), 1, "{versions:?}");
    let cases = found["findings"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "{cases:#?}");
    for who in ["bare", "harness"] {
        let rounds = cases[0][who].as_array().unwrap();
        assert_eq!(rounds.len(), 2, "{rounds:#?}");
        rounds.iter().for_each(assert_measured);
        let paced = &cases[0]["paced"][who];
        assert_measured(paced);
        // A second of it is offered, and drawn; the harness stops when it gets round to it.
        let offered = 150..=400;
        assert!(offered.contains(&number(paced, "/messages")), "{paced:#}");
        let latency = |part| number(paced, &format!("/latency_us/{part}"));
        let latencies = ["p50", "p99", "p99.9"].map(latency);
        assert!(latencies[0] > 0 && latencies.is_sorted(), "{latencies:?}");
    }
    let steady = &found["findings"]["steady"];
    assert!(number(steady, "/messages") > 100 && number(steady, "/memory_bytes") > 1_000_000);
    assert!(steady["cpu_cores"].as_f64() > Some(0.0), "{steady:#}");
    let page = fs::read_to_string(place.path("page.md")).unwrap();
    for words in ["<!-- bench pipeline -->", "| memory, 1 ", "harness p99.9", "but with partitions"]
    {
        assert!(page.contains(words), "{words:?} is not in {page}");
    }
    let kept: Vec<_> =
        fs::read_dir(place.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(kept, ["mine"], "what was measured is not kept, and nothing else is touched");
    assert!(place.processes().is_empty(), "{:?}", place.processes());
}

#[tokio::test]
async fn three_servers_are_one_cluster_and_the_disk_is_used() {
    let place = Place::new("bench_cluster");
    let args = ["--storage", "file", "--replicas", "3", "--rounds", "1", "--rate", "100", "--json"];
    let ended = run(&place, "json", &pipeline(&args)).await.with(0);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    let case = &found["findings"]["cases"][0];
    assert_eq!((&case["storage"], &case["replicas"]), (&"file".into(), &3.into()));
    assert_measured(&case["bare"][0]);
    assert_measured(&case["harness"][0]);
}

/// The payloads of all records of a stream.
async fn all(broker: &NatsBroker, stream: &str, subject: &str) -> Vec<Value> {
    let stream = broker::StreamName::new(stream).unwrap();
    let last = broker::Admin::state(broker, &stream).await.unwrap().unwrap().last;
    let subject = Subject::new(subject).unwrap();
    let mut reader = broker.read(&stream, vec![subject], Start::At(Seq(1))).await.unwrap();
    let mut records = Vec::new();
    while records.len() < usize::try_from(last.0).unwrap() {
        let record = reader.next().await.unwrap();
        records.push(serde_json::from_slice(&record.payload).unwrap());
    }
    records
}

#[tokio::test]
async fn the_bare_pipeline_gives_every_message_one_effect_in_order() {
    let place = Place::new("bench_bare");
    let server = server(&place).await;
    let url = server.url();
    let memory = ["--set", "nats.jetstream={storage: memory, max_memory: 100MB}"];
    let bare = ["bench", "bare", "--nats-url", &url, "--duration", "1s"];
    let args = [&bare[..], &memory, &SMALL[..8]].concat();
    let ended = run(&place, "bare", &args).await.with(0);
    assert!(ended.out.is_empty() && ended.err.is_empty(), "{}{}", ended.out, ended.err);
    let broker = connect(&url).await;
    let messages = all(&broker, "simulation_MESSAGES", "simulation.msg.*").await;
    assert!(messages.len() > 60, "{}", messages.len());
    for partition in 0..12 {
        let sent = messages.iter().filter(|message| message["partition"] == partition);
        let sent: Vec<_> = sent.map(|message| message["partition_seq"].clone()).collect();
        assert!(sent.iter().map(|seq| seq.as_u64().unwrap()).eq(1..=sent.len() as u64));
        let own = format!("simulation.own.{partition}");
        let stream = broker::StreamName::new("simulation_LEDGER").unwrap();
        let own = Subject::new(own).unwrap();
        let (mut done, mut at) = (Vec::new(), Seq(1));
        while let Some(record) = broker.first_at(&stream, &own, at).await.unwrap() {
            let effect: Value = serde_json::from_slice(&record.payload).unwrap();
            done.extend(effect["outputs"].as_array().unwrap().iter().cloned());
            at = record.seq.next();
        }
        assert_eq!(done, sent, "partition {partition}");
    }
    // It does not go on with what an earlier one left.
    let again = run(&place, "again", &args).await.with(2);
    assert!(again.err.contains("holds an earlier run"), "{}", again.err);
}

#[tokio::test]
async fn everything_that_happens_to_a_worker_is_measured() {
    let place = Place::new("bench_recover");
    let args = ["bench", "recover", "--size", "12x4", "--tries", "2", "--set", "workers.lease=1s"];
    let args = [&args[..], &["--json", "--markdown", "page.md"]].concat();
    let ended = run(&place, "json", &args).await.with(0);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    let size = &found["findings"][0];
    assert_eq!(number(size, "/partitions"), 12);
    assert_eq!(size["processes"], true);
    assert_eq!(size["verdict"], "", "{size:#}");
    let after = size["after"].as_object().unwrap();
    for (what, least, bound) in [
        ("worker killed", 2, Some(1.3)),
        ("leader killed", 2, Some(1.3)),
        ("worker leaves", 2, Some(0.3)),
        ("worker joins", 2, None),
        ("restart, one after the other", 4, None),
        ("cold start", 2, None),
        ("cold start, a process each", 1, None),
    ] {
        let seconds = after[what]["seconds"].as_array().unwrap();
        assert!(seconds.len() >= least, "{what}: {after:#?}");
        assert!(seconds.iter().all(|seconds| seconds.as_f64() > Some(0.0)), "{what}: {after:#?}");
        assert!(seconds.is_sorted_by_key(|seconds| seconds.as_f64()), "{what}: {after:#?}");
        assert_eq!(after[what]["bound"].as_f64(), bound, "{what}");
    }
    let page = fs::read_to_string(place.path("page.md")).unwrap();
    assert!(page.contains("| 12 × 4 ") && page.contains("worker killed"), "{page}");
    assert!(place.processes().is_empty(), "{:?}", place.processes());
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_measured() {
    let place = Place::new("bench_runs_wrong");
    let nowhere = format!("nats://127.0.0.1:{}", free_port());
    for (args, code, says) in [
        (&["recover", "--size", "12"][..], 2, "\"12\" is no size: write partitions x workers"),
        (&["recover", "--size", "0x0"], 2, "three workers at least"),
        (&["recover", "--size", "12x4", "--size", "9"], 2, "\"9\" is no size"),
        (&["recover", "--markdown", "nowhere/page.md"], 5, "nowhere/page.md cannot be written"),
        (&["pipeline", "--markdown", "nowhere/page.md"], 5, "nowhere/page.md cannot be written"),
        (&["recover", "--size", "12x2"], 2, "three workers at least"),
        (&["recover", "--size", "12x1001"], 2, "a partition for each"),
        (&["recover", "--size", "2000x1001"], 2, "workers.count"),
        (&["recover", "--tries", "0"], 2, "--tries"),
        (&["recover", "--set", "nonsense.key=1"], 2, "nonsense"),
        (&["pipeline", "--set", "nonsense.key=1"], 2, "nonsense"),
        (&["pipeline", "--replicas", "2"], 2, "use 1, 3 or 5"),
        (&["pipeline", "--storage", "tape"], 2, "tape"),
        (&["pipeline", "--rounds", "0"], 2, "--rounds"),
        (&["bare", "--set", "nonsense.key=1"], 2, "nonsense"),
        (&["bare", "--nats-url", &nowhere], 5, "no NATS server answers"),
        (
            &["pipeline", "--nats-url", &nowhere],
            5,
            "simulation bench bare, which was to be measured, ended with code 5; see",
        ),
        (
            &["recover", "--nats-url", &nowhere, "--size", "12x3"],
            5,
            "simulation run, which was to be measured, ended with code 5; see",
        ),
    ] {
        let args = [&["bench"], args].concat();
        // Who gets as far as to start a server says so, and not what is wrong.
        let ended = without_server(&place, &args).await.with(code);
        assert!(ended.err.contains(says), "{args:?}: {says:?} is not in {}", ended.err);
        assert!(!ended.err.contains("panicked"), "{args:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{args:?}: {}", ended.out);
    }
    let ended = without_server(&place, &["bench", "recover"]).await.with(5);
    assert!(ended.err.contains("/nowhere/nats-server"), "{}", ended.err);
}

/// The program where there is no nats-server to start.
async fn without_server(place: &Place, args: &[&str]) -> Ended {
    let mut program = simulation(place);
    program.env("NATS_SERVER_BIN", "/nowhere/nats-server").args(args);
    Program::spawn(place, "without", program).ended().await
}
