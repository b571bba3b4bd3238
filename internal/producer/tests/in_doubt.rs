//! The in-doubt rule: a publish whose request or answer is lost is repeated until it is known to be
//! stored, and is stored once; a producer that was killed goes on after what the stream holds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use broker::{Admin, Append, Log, Seq, Storage};
use broker_virtual::{Fate, Fault, Options, VirtualBroker, VirtualLog};
use model::{Message, PartitionId, ProducerId, RunClock, Seed, Timestamp, Weight, watch};
use parti::{Limits, Names};
use producer::{Producer, ProducerSettings};
use reports::{Channel, ProducerReport, Report};

struct World {
    broker: VirtualBroker,
    names: Names,
    channel: Channel,
}

impl World {
    async fn new(seed: u64) -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let (names, channel) = (Names::new("doubt").unwrap(), Channel::new("doubt").unwrap());
        let client = broker.client("admin");
        let mut streams = names.streams(Storage::Memory, 1, Limits::default()).to_vec();
        streams.push(channel.spec(Storage::Memory, 1));
        for spec in streams {
            client.ensure(&spec).await.unwrap();
        }
        Self { broker, names, channel }
    }

    /// A producer of three partitions with 20 messages per second each.
    async fn producer(&self, client: &VirtualLog, seed: u64) -> Producer<VirtualLog> {
        self.start(client, seed, false).await
    }

    async fn start(&self, client: &VirtualLog, seed: u64, measured: bool) -> Producer<VirtualLog> {
        let settings = ProducerSettings {
            id: ProducerId("producer-0".into()),
            partitions: (0..3).map(|p| (PartitionId(p), Weight(1), 20.0)).collect(),
            variation: None,
            seed: Seed(seed),
            clock: RunClock::starting_at(Timestamp(0)),
            give_up_after: Duration::from_secs(60),
            measured,
        };
        let (names, channel) = (self.names.clone(), self.channel.clone());
        Producer::start(client.clone(), names, channel, settings).await.unwrap()
    }

    /// Every partition's messages are 1, 2, 3, … without a gap or a repeat; returns how many.
    fn assert_contiguous(&self) -> u64 {
        let mut next = [1; 3];
        for record in self.broker.records(&self.names.messages, Seq(1)) {
            let Ok(message) = Message::decode(&record.payload) else { continue };
            let expected = &mut next[message.partition.0 as usize];
            assert_eq!(message.partition_seq.0, *expected, "{}", message.partition);
            *expected += 1;
        }
        next.iter().map(|next| next - 1).sum()
    }

    async fn report(&self) -> ProducerReport {
        let subject = self.channel.producer(&ProducerId("producer-0".into()));
        let last = self.broker.client("reader").last(&self.channel.stream, &subject).await;
        match Report::decode(&last.unwrap().unwrap()) {
            Some(Report::Producer(report)) => report,
            other => panic!("no report: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_requests_store_each_message_once() {
    for (seed, fate) in
        [(1, Fate::AnswerLost), (2, Fate::RequestLost), (3, Fate::Delayed(Duration::from_secs(7)))]
    {
        let world = World::new(seed).await;
        let client = world.broker.client("producer-0");
        let producer = world.producer(&client, seed).await;
        let (stop, stopping) = watch::channel(false);
        let running = tokio::spawn(producer.run(stopping));
        for _ in 0..10 {
            client.plan(Fault::new(fate, world.names.all_messages(), 3));
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        stop.send_replace(true);
        running.await.unwrap().unwrap();
        let stored = world.assert_contiguous();
        let report = world.report().await;
        let acked: u64 =
            report.partitions.values().flat_map(|sent| &sent.acked).map(|r| r.count()).sum();
        assert!(stored > 1000, "{fate:?}: {stored}");
        assert_eq!(acked, stored, "{fate:?}");
        assert!(report.retries >= 10 && report.finished, "{fate:?}: {report:?}");
        assert_eq!(report.recovered > 0, matches!(fate, Fate::AnswerLost), "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_measures_reports_how_long_each_message_took() {
    for measured in [true, false] {
        let world = World::new(5).await;
        let client = world.broker.client("producer-0");
        let producer = world.start(&client, 5, measured).await;
        let reported = producer.reported();
        let (stop, stopping) = watch::channel(false);
        let running = tokio::spawn(producer.run(stopping));
        tokio::time::sleep(Duration::from_secs(10)).await;
        client.plan(Fault::new(Fate::RequestLost, world.names.all_messages(), 1));
        tokio::time::sleep(Duration::from_secs(20)).await;
        stop.send_replace(true);
        running.await.unwrap().unwrap();
        let stored = world.assert_contiguous();
        let report = world.report().await;
        let Some(publishing) = report.publishing else {
            assert!(!measured && reported.borrow().is_none(), "{report:?}");
            continue;
        };
        assert!(measured && publishing.count() == stored, "{stored}: {report:?}");
        let within = |millis| {
            let bound = Duration::from_millis(millis);
            publishing.cumulative().find(|(at, _)| *at == bound).unwrap().1
        };
        // The one that was lost, and those that fell due behind it, wait for the request timeout.
        assert!(within(500) < stored && within(500) > stored / 2, "{publishing:?}");
        assert_eq!(within(10_000), stored, "{publishing:?}");
        assert_eq!(reported.borrow().as_ref(), Some(&report), "whoever looks on sees it, too");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_any_length_loses_and_repeats_nothing() {
    let world = World::new(4).await;
    let client = world.broker.client("producer-0");
    let producer = world.producer(&client, 4).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(producer.run(stopping));
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.plan(Fault::new(Fate::AnswerLost, world.names.all_messages(), 3));
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.cut();
    tokio::time::sleep(Duration::from_secs(600)).await;
    client.heal();
    tokio::time::sleep(Duration::from_secs(60)).await;
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    // What fell due meanwhile was owed, and sent.
    let stored = world.assert_contiguous();
    assert!(stored > 30_000, "{stored}");
}

#[tokio::test(start_paused = true)]
async fn a_killed_producer_goes_on_after_what_the_stream_holds() {
    let world = World::new(5).await;
    for life in 0..5 {
        let client = world.broker.client(&format!("producer-0-{life}"));
        let producer = world.producer(&client, life).await;
        let (_stop, stopping) = watch::channel(false);
        let running = tokio::spawn(producer.run(stopping));
        tokio::time::sleep(Duration::from_millis(4321)).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
    assert!(world.assert_contiguous() > 500);
}

#[tokio::test(start_paused = true)]
async fn a_second_process_under_one_name_is_told() {
    let world = World::new(6).await;
    let (one, two) = (world.broker.client("one"), world.broker.client("two"));
    let (_stop, stopping) = watch::channel(false);
    let first = tokio::spawn(world.producer(&one, 1).await.run(stopping.clone()));
    let second = tokio::spawn(world.producer(&two, 2).await.run(stopping));
    let ended = tokio::select! {
        biased;
        ended = first => ended,
        ended = second => ended,
    };
    let error = ended.unwrap().unwrap_err();
    assert!(error.to_string().contains("another process sends as producer-0"), "{error}");
    world.assert_contiguous();
}

#[tokio::test(start_paused = true)]
async fn foreign_messages_on_the_subject_stop_nobody() {
    let world = World::new(7).await;
    let client = world.broker.client("producer-0");
    let producer = world.producer(&client, 7).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(producer.run(stopping));
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let subject = world.names.message(PartitionId(1));
        let foreign = Append::new(world.names.messages.clone(), subject, "hello");
        world.broker.append_now(foreign).unwrap();
    }
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    assert!(world.assert_contiguous() > 500);
}

#[tokio::test(start_paused = true)]
async fn a_last_message_that_the_broker_lost_stops_nobody() {
    let world = World::new(8).await;
    let client = world.broker.client("producer-0");
    let producer = world.producer(&client, 8).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(producer.run(stopping));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let lost = world.broker.records(&world.names.messages, Seq(1)).last().unwrap().seq.next();
    let everything = world.names.message(PartitionId(1));
    client.trim(&world.names.messages, &everything, lost).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    // It goes on with its own numbers, so that whoever judges finds the gap.
    let of = |record: &broker::Record| Message::decode(&record.payload).unwrap();
    let records = world.broker.records(&world.names.messages, lost);
    let on: Vec<_> = records.iter().map(of).filter(|m| m.partition == PartitionId(1)).collect();
    assert!(on.len() > 50 && on[0].partition_seq.0 > 50, "{} from {:?}", on.len(), on.first());
    let report = world.report().await;
    assert!(report.partitions[&PartitionId(1)].in_doubt.is_empty() && report.finished);
}
