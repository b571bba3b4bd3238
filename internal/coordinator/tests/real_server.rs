//! A coordinator that is killed and goes on, on a real nats-server: its positions, its trimming and
//! the history of the group must be what the broker in memory says they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Admin, Log, Seq, Storage};
use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, find_server};
use coordinator::{
    CheckpointPlan, Coordinator, CoordinatorSettings, End, JudgeSettings, Keeper, Kept, Output,
    Progress, Resumed, RunInfo, RunState, Stopped, Unreadable, Verdict, group_history,
};
use model::{Message, PartitionId, ProducerId, RunClock, Seed, Timestamp, Weight, watch};
use parti::{Builder, Delivery, HandlerError, Limits, MemberId, Names};
use producer::{Producer, ProducerSettings, Publishing};
use reports::{Channel, Phase};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const PARTITIONS: u32 = 4;
const LEASE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(700);

#[derive(Debug, Default)]
struct Vault(Mutex<Vec<u8>>);

impl Keeper for Vault {
    fn keep(&self, state: &RunState) -> Result<Kept, String> {
        *self.0.lock().unwrap() = serde_json::to_vec(state).unwrap();
        Ok(Kept { place: "vault".into(), bytes: 1 })
    }
}

async fn connect(server: &Embedded, name: &str) -> NatsBroker {
    let options = ConnectOptions {
        servers: vec![server.url()],
        name: name.into(),
        ..ConnectOptions::default()
    };
    NatsBroker::connect(&options).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the edge of this test")]
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_micros()).unwrap())
}

async fn handle(delivery: Delivery) -> Result<Output, HandlerError> {
    Ok(match Message::decode(&delivery.payload) {
        Ok(message) => Output::Done(message.partition_seq),
        Err(_) => Output::Unreadable(Unreadable::Foreign),
    })
}

#[tokio::test]
async fn a_killed_coordinator_goes_on() {
    let explicit = std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from);
    let bin = find_server(explicit.as_deref()).await.unwrap_or_else(|error| panic!("{error}"));
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("killed_coordinator");
    let server = Embedded::start(EmbeddedOptions::new(bin, dir)).await.unwrap();
    let broker = connect(&server, "coordinator").await;
    let (names, channel) = (Names::new("sim").unwrap(), Channel::new("sim").unwrap());
    let mut streams = names.streams(Storage::File, 1, Limits::default()).to_vec();
    streams[2].max_per_subject = Some(group_history(EVERY, LEASE));
    streams.push(channel.spec(Storage::File, 1));
    for spec in streams {
        broker.ensure(&spec).await.unwrap();
    }
    let clock = RunClock::starting_at(wall());
    let vault = Arc::new(Vault::default());
    let settings = |clock: RunClock| CoordinatorSettings {
        judge: JudgeSettings {
            partitions: PARTITIONS,
            weights: None,
            lease: LEASE,
            unowned_bound: LEASE * 4,
            startup_bound: LEASE * 10,
            processing_min: Duration::ZERO,
            stall: LEASE * 5,
            promise: coordinator::Promise::ExactlyOnce,
            sticky: true,
            required: vec![],
            started_at: clock.started_at(),
        },
        clock,
        duration: Duration::from_secs(6),
        drain_bound: Duration::from_secs(30),
        producers: Some(1),
        trim_after: 10,
        checkpoint: Some(CheckpointPlan { every: EVERY, keeper: vault.clone(), chaos: None }),
        resume: None,
        detail: coordinator::Detail::Run,
    };
    let lead = |settings: CoordinatorSettings| {
        let (told, progress) = watch::channel(Progress::default());
        let (events, mut unread) = mpsc::channel(64);
        tokio::spawn(async move { while unread.recv().await.is_some() {} });
        let (names, channel) = (names.clone(), channel.clone());
        let leads = Coordinator::new(broker.clone(), names, channel, settings, told, events);
        let (stop, stopping) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(leads.run(stopping));
        (task, progress, stop)
    };
    let (mut task, _, _stop) = lead(settings(clock));
    let members = ["a", "b"].map(|name| (name, names.clone()));
    let mut working = Vec::new();
    for (name, names) in members {
        let (client, id) = (connect(&server, name).await, MemberId::new(name).unwrap());
        let builder = Builder::new(client, names, id, PARTITIONS).lease(LEASE);
        working.push(builder.join(handle).await.unwrap());
    }
    let producer = ProducerSettings {
        id: ProducerId("producer-0".into()),
        partitions: (0..PARTITIONS).map(|p| (PartitionId(p), Weight(1), 40.0)).collect(),
        publishing: Publishing::Conditional,
        variation: None,
        seed: Seed(1),
        clock,
        give_up_after: Duration::from_secs(20),
        measured: false,
    };
    let client = connect(&server, "producer-0").await;
    let producer = Producer::start(client, names.clone(), channel.clone(), producer).await.unwrap();
    let (end, ending) = watch::channel(false);
    let sending = tokio::spawn(producer.run(ending));

    // Killed in the middle, away for longer than eight signs of life, and back.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    task.abort_all();
    while task.join_next().await.is_some() {}
    tokio::time::sleep(LEASE * 2).await;
    let state: RunState = serde_json::from_slice(&vault.0.lock().unwrap()).unwrap();
    let read = state.progress.read;
    assert!(read.messages > Seq(20) && read.reports > Seq::NONE, "{read:?}");
    let stopped = Stopped::Coordinator;
    let resumed = Resumed::begin(&broker, &names, &channel, state, stopped, wall()).await.unwrap();
    let clock = resumed.clock;
    assert!(clock.elapsed() > LEASE * 2, "the run went on meanwhile");
    let resume = Some(resumed);
    let (mut task, mut progress, _stop) = lead(CoordinatorSettings { resume, ..settings(clock) });
    progress.wait_for(|progress| progress.phase == Phase::Draining).await.unwrap();
    end.send_replace(true);
    sending.await.unwrap().unwrap();
    progress.wait_for(|progress| progress.phase == Phase::Done).await.unwrap();
    for member in working {
        member.leave().await.unwrap();
    }
    let mut conducted = task.join_next().await.unwrap().unwrap().unwrap();
    let end = End {
        at: clock.now(),
        drained_within: conducted.drained_within,
        broker_reachable: conducted.broker_reachable,
        interrupted: conducted.interrupted,
        resources: BTreeMap::new(),
    };
    let report = conducted.judge.finish(end, &RunInfo::default());
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.text());
    let mut sent = 0;
    for partition in (0..PARTITIONS).map(PartitionId) {
        let last = broker.last(&names.messages, &names.message(partition)).await.unwrap();
        sent += Message::decode(&last.unwrap().payload).unwrap().partition_seq.0;
    }
    let totals = &report.totals;
    assert!(sent > 400, "{sent}");
    let counted = [totals.sent, totals.acked, totals.stored, totals.received, totals.effects];
    assert_eq!(counted, [sent; 5], "{}", report.text());
    let held = broker.state(&names.messages).await.unwrap().unwrap();
    assert!(held.first > Seq(1), "it was trimmed meanwhile");
    server.stop().await;
}
