//! What happens to a run from outside: servers and programs that are killed, and strangers who
//! write to its subjects.

use std::time::Duration;

use crate::common::{
    HUNG, Place, Program, TINY, assert_passed, connect, number, server, server_options,
};
use broker::{Admin, Append, Log, StreamName, Subject};
use broker_nats::{Embedded, NatsBroker, Store};
use bytes::Bytes;
use model::{Message, PartitionId, PartitionSeq, ProducerId, ProducerSeq, Timestamp, Weight};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

fn place(name: &str) -> Place {
    let place = Place::new(name);
    place.file("tiny.yaml", TINY);
    place
}

const RUN: [&str; 4] = ["--config", "tiny.yaml", "--report", "run"];

/// A run on a server that is not its own.
async fn external(place: &Place, url: &str, more: &[&str]) -> Program {
    let mut args = RUN.to_vec();
    args.extend(["--set", "nats.mode=external", "--nats-url", url]);
    args.extend(more);
    let mut program = Program::start(place, "run", &args);
    program.says("⏳ RUNNING").await;
    program
}

#[tokio::test]
async fn without_its_own_server_the_run_ends_and_names_the_log() {
    let place = place("server_killed");
    let mut program = Program::start(&place, "run", &RUN);
    program.says("⏳ RUNNING").await;
    let server = Pid::from_raw(place.server_pid("run")).unwrap();
    kill_process(server, Signal::KILL).unwrap();
    let ended = program.ended_within(Duration::from_secs(20)).await.with(5);
    assert!(ended.err.contains("run/nats/nats-server.log"), "{}", ended.err);
    assert!(place.path("run/nats/nats-server.log").exists(), "the log is kept");
    let report = place.report("run");
    assert_eq!((&report["verdict"], &report["exit_code"]), (&"environment".into(), &5.into()));
    place.deserted(Duration::from_secs(5)).await;
}

/// Waits until a producer has sent something.
async fn messages_flow(server: &Embedded) {
    let broker = connect(&server.url()).await;
    let stream = StreamName::new("simulation_MESSAGES").unwrap();
    for _ in 0..400 {
        if broker.state(&stream).await.ok().flatten().is_some_and(|state| state.records > 0) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("there are no messages");
}

#[tokio::test]
async fn a_server_that_comes_back_costs_nothing() {
    let place = place("server_restarted");
    let mut options = server_options(&place, Store::File(place.path("store"))).await;
    let first = Embedded::start(options.clone()).await.unwrap();
    let (file, room) = ("nats.jetstream.storage=file", "nats.jetstream.max_file_storage=1GB");
    let more = ["--duration", "12s", "--set", file, "--set", room];
    let program = external(&place, &first.url(), &more).await;
    messages_flow(&first).await;
    options.port = Some(first.port());
    first.kill().await;
    sleep(Duration::from_secs(3)).await;
    let again = Embedded::start(options).await.unwrap();
    program.ended().await.with(0);
    let report = place.report("run");
    assert_passed(&report);
    assert!(number(&report, "/totals/retries") > 0, "publishes were in doubt: {report:#}");
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_never_comes_back_ends_the_run_in_bounded_time() {
    let place = place("server_gone");
    let server = server(&place).await;
    let more = ["--duration", "2s", "--set", "coordinator.validation_window=2s"];
    let program = external(&place, &server.url(), &more).await;
    server.kill().await;
    program.ended().await.with(5);
    let report = place.report("run");
    assert_eq!((&report["verdict"], &report["exit_code"]), (&"environment".into(), &5.into()));
}

/// Writes to the subjects of a run, as anybody could.
struct Stranger(NatsBroker);

impl Stranger {
    async fn new(server: &Embedded) -> Self {
        Self(connect(&server.url()).await)
    }

    async fn writes(&self, stream: &str, subject: &str, payload: impl Into<Bytes>) {
        let stream = StreamName::new(format!("simulation_{stream}")).unwrap();
        let subject = Subject::new(format!("simulation.{subject}")).unwrap();
        self.0.append(Append::new(stream, subject, payload)).await.unwrap();
    }
}

#[tokio::test]
async fn foreign_records_are_counted_and_the_run_goes_on() {
    let place = place("foreign");
    let server = server(&place).await;
    let program = external(&place, &server.url(), &["--duration", "8s"]).await;
    let stranger = Stranger::new(&server).await;
    let subjects = [
        ("MESSAGES", "msg.3"),
        ("MESSAGES", "msg.99"),
        ("LEDGER", "own.4"),
        ("LEDGER", "own.99"),
        ("GROUP", "group.member.worker-0"),
        ("GROUP", "group.member.nobody"),
        ("GROUP", "group.grant.worker-1"),
        ("GROUP", "group.leader"),
        ("GROUP", "group.leader_beat"),
        ("GROUP", "group.plan"),
        ("GROUP", "group.nonsense"),
        ("REPORTS", "report.nonsense"),
        ("REPORTS", "report.phase"),
        ("REPORTS", "report.producer.producer-0"),
    ];
    for (stream, subject) in subjects {
        stranger.writes(stream, subject, "hello").await;
        sleep(Duration::from_millis(100)).await;
    }
    program.ended().await.with(0);
    let report = place.report("run");
    assert_eq!(report["verdict"], "pass", "{report:#}");
    assert!(number(&report, "/totals/foreign") >= subjects.len() as u64, "{report:#}");
    assert_eq!(number(&report, "/totals/sent"), number(&report, "/totals/received"));
    server.stop().await;
}

#[tokio::test]
async fn a_corrupt_message_is_flagged_and_the_run_goes_on() {
    let place = place("corrupt");
    let server = server(&place).await;
    let program = external(&place, &server.url(), &[]).await;
    let message = Message {
        partition: PartitionId(3),
        partition_seq: PartitionSeq(1_000),
        producer: ProducerId("producer-0".into()),
        producer_seq: ProducerSeq(1_000),
        sent_at: Timestamp(0),
        weight: Weight(1),
    };
    let payload = String::from_utf8(message.encode().to_vec()).unwrap();
    let payload = payload.replace("\"weight\":1", "\"weight\":2");
    Stranger::new(&server).await.writes("MESSAGES", "msg.3", payload).await;
    let ended = program.ended().await.with(1);
    assert!(ended.out.contains("❌ FAILURE"), "{}", ended.out);
    let report = place.report("run");
    assert_eq!(report["verdict"], "correctness");
    let anomalies = report["anomalies"].as_object().unwrap();
    for (class, count) in anomalies {
        assert_eq!(*count, u64::from(class == "corrupt"), "{class}: {anomalies:?}");
    }
    let finding = &report["findings"][0];
    assert_eq!((&finding["class"], &finding["partition"]), (&"corrupt".into(), &3.into()));
    assert_eq!(number(&report, "/totals/sent"), number(&report, "/totals/received"));
    server.stop().await;
}

#[tokio::test]
async fn a_signal_ends_the_run_early_and_it_is_judged() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = place(&format!("signal_{}", signal.as_raw()));
        let mut program =
            Program::start(&place, "run", &[&RUN[..], &["--duration", "5m"]].concat());
        program.says("⏳ RUNNING").await;
        program.signal(signal);
        program.ended().await.with(0);
        let report = place.report("run");
        assert_eq!(report["interrupted"], true);
        assert_passed(&report);
        place.deserted(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let place = place("second_signal");
    // Handlers that take their time: the first signal alone would have to wait for them.
    let slow = ["--duration", "5m", "--set", "workers.processing_delay=20s"];
    let mut program = Program::start(&place, "run", &[&RUN[..], &slow].concat());
    program.says("⏳ RUNNING").await;
    program.signal(Signal::INT);
    sleep(Duration::from_millis(500)).await;
    program.signal(Signal::INT);
    program.ended_within(Duration::from_secs(5)).await.with(130);
    place.deserted(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_server_does_not_outlive_a_killed_program() {
    let place = place("program_killed");
    let mut program = Program::start(&place, "run", &RUN);
    program.says("⏳ RUNNING").await;
    let server = place.server_pid("run");
    assert!(place.processes().contains(&server));
    program.signal(Signal::KILL);
    program.ended_within(HUNG).await;
    place.deserted(Duration::from_secs(2)).await;
}
