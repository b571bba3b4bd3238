//! What a worker can be made to do while it works: be slow, and make way for its next life.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use broker::{Admin, Append, Seq, Storage};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use model::{PartitionId, RunClock, Seed, Timestamp, Weights};
use parti::records::{LedgerRecord, MemberRecord, decode};
use parti::strategy::WeightedConsistentHash;
use parti::{Limits, MemberId, Names};
use reports::{Channel, Output, Report};
use tokio::time::{Instant, sleep};
use worker::{Worker, WorkerSettings};

const LEASE: Duration = Duration::from_secs(2);
const PARTITIONS: u32 = 4;

struct World {
    broker: VirtualBroker,
    names: Names,
    channel: Channel,
}

impl World {
    async fn new() -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let (names, channel) = (Names::new("work").unwrap(), Channel::new("work").unwrap());
        let client = broker.client("admin");
        let mut streams = names.streams(Storage::Memory, 1, Limits::default()).to_vec();
        streams.push(channel.spec(Storage::Memory, 1));
        for spec in streams {
            client.ensure(&spec).await.unwrap();
        }
        Self { broker, names, channel }
    }

    /// A worker that takes 100 ms for a message, once it owns everything.
    async fn worker(&self, client: &str) -> Worker<VirtualLog> {
        self.start(client, false).await
    }

    async fn start(&self, client: &str, measured: bool) -> Worker<VirtualLog> {
        let settings = WorkerSettings {
            id: MemberId::new("worker-0").unwrap(),
            weights: Weights::uniform(PARTITIONS),
            lease: LEASE,
            concurrency: 64,
            consumption: worker::Consumption::Fenced,
            strategy: Box::new(WeightedConsistentHash::default()),
            delay: Duration::from_millis(100)..=Duration::from_millis(100),
            seed: Seed(1),
            clock: RunClock::starting_at(Timestamp(0)),
            report_every: Duration::from_secs(3),
            measured,
        };
        let (client, names) = (self.broker.client(client), self.names.clone());
        let worker = Worker::start(client, names, self.channel.clone(), settings).await.unwrap();
        while worker.status().owned < PARTITIONS {
            sleep(Duration::from_millis(10)).await;
        }
        worker
    }

    /// One message for each partition.
    fn publish(&self) {
        for partition in (0..PARTITIONS).map(PartitionId) {
            let (stream, subject) = (self.names.messages.clone(), self.names.message(partition));
            self.broker.append_now(Append::new(stream, subject, "hello")).unwrap();
        }
    }

    fn done(&self) -> u32 {
        let records = self.broker.records(&self.names.ledger, Seq(1));
        let outputs = records.iter().map(|record| match decode(record).unwrap() {
            LedgerRecord::<Output>::Effect { outputs, .. } => outputs.len() as u32,
            _ => 0,
        });
        outputs.sum()
    }

    /// How long one more message for each partition takes.
    async fn takes(&self) -> Duration {
        let (before, began) = (self.done(), Instant::now());
        self.publish();
        while self.done() < before + PARTITIONS {
            assert!(began.elapsed() < Duration::from_secs(60), "{} are done", self.done());
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_worker_takes_longer() {
    let world = World::new().await;
    let worker = world.worker("worker").await;
    let ms = Duration::from_millis;
    assert!((ms(100)..ms(150)).contains(&world.takes().await));
    worker.slow(20.0);
    assert!((ms(2000)..ms(2050)).contains(&world.takes().await));
    worker.slow(1.0);
    assert!((ms(100)..ms(150)).contains(&world.takes().await));
    worker.leave().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_measures_reports_how_long_each_call_took() {
    for measured in [true, false] {
        let world = World::new().await;
        let worker = world.start("worker", measured).await;
        let onlooker = worker.onlooker();
        world.takes().await;
        worker.slow(20.0);
        world.takes().await;
        let seen = onlooker.account().expect("it has joined");
        assert_eq!(seen.attempts, u64::from(PARTITIONS) * 2);
        assert_eq!(onlooker.status().owned, PARTITIONS);
        worker.leave().await.unwrap();
        let reports = world.broker.records(&world.channel.stream, Seq(1));
        let last = reports.last().and_then(Report::decode);
        let Some(Report::Worker(report)) = last else { panic!("{last:?}") };
        assert_eq!(report.durations, seen.durations, "whoever looks on sees what is reported");
        let Some(durations) = report.durations else {
            assert!(!measured, "{report:?}");
            assert!(
                !String::from_utf8_lossy(&reports.last().unwrap().payload).contains("durations")
            );
            continue;
        };
        assert!(measured && durations.count() == report.attempts, "{report:?}");
        let slow = Duration::from_millis(500);
        let fast = durations.cumulative().find(|(bound, _)| *bound == slow).unwrap().1;
        assert_eq!(fast, u64::from(PARTITIONS), "100 ms each; the others took two seconds");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_steps_aside_finishes_reports_and_keeps_its_seat() {
    let world = World::new().await;
    let worker = world.worker("worker").await;
    let session = worker.status().session.unwrap();
    world.publish();
    sleep(Duration::from_millis(50)).await;
    worker.step_aside().await.unwrap();
    assert_eq!(world.done(), PARTITIONS, "what it was at is done");
    let reports = world.broker.records(&world.channel.stream, Seq(1));
    let last = reports.iter().rev().find_map(Report::decode);
    let Some(Report::Worker(report)) = last else { panic!("{last:?}") };
    assert!(report.finished && report.session == session, "{report:?}");
    assert_eq!((report.attempts, report.fenced), (u64::from(PARTITIONS), 0));
    let group = || world.broker.records(&world.names.group, Seq(1));
    let signs = || {
        let of_members = world.names.member(&MemberId::new("worker-0").unwrap());
        let signs = group().into_iter().filter(move |record| record.subject == of_members);
        signs.map(|record| decode::<MemberRecord>(&record).unwrap()).collect::<Vec<_>>()
    };
    assert!(matches!(signs().last(), Some(MemberRecord::Alive { owned: 0, .. })), "{:?}", signs());
    sleep(LEASE / 2).await;
    let _again = world.worker("worker again").await;
    assert!(!signs().iter().any(|sign| matches!(sign, MemberRecord::Expired { .. })));
    world.takes().await;
    assert_eq!(world.done(), PARTITIONS * 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_reports_what_is_new_soon_and_nothing_twice() {
    let world = World::new().await;
    let worker = world.worker("worker").await;
    let reports = || {
        let reports = world.broker.records(&world.channel.stream, Seq(1));
        let newest = reports.last().map(|record| (record.seq.0, Report::decode(record)));
        match newest {
            Some((seq, Some(Report::Worker(report)))) => (seq, report.attempts),
            other => panic!("{other:?}"),
        }
    };
    sleep(Duration::from_secs(4)).await;
    assert_eq!(reports(), (1, 0), "it is there");
    for (nth, attempts) in [(2, PARTITIONS), (3, 2 * PARTITIONS)] {
        world.publish();
        sleep(Duration::from_secs(4)).await;
        assert_eq!(reports(), (nth, u64::from(attempts)), "news");
        sleep(Duration::from_secs(60)).await;
        assert_eq!(reports(), (nth, u64::from(attempts)), "no news");
    }
    worker.leave().await.unwrap();
}
