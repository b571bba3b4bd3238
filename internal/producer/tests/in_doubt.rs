//! The in-doubt rule: a publish whose request or answer is lost is repeated until it is known to be
//! stored, and is stored once; a producer that was killed goes on after what the stream holds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::time::Duration;

use broker::{Admin, Append, Log, Seq, Storage};
use broker_virtual::{Fate, Fault, Options, VirtualBroker, VirtualLog};
use model::{Message, PartitionId, ProducerId, RunClock, Seed, Timestamp, Weight, watch};
use parti::{Limits, Names};
use producer::{Producer, ProducerSettings, Publishing};
use reports::{Channel, ProducerReport, Report};

/// How long ids are remembered.
const WINDOW: Duration = Duration::from_secs(120);

struct World {
    broker: VirtualBroker,
    names: Names,
    channel: Channel,
    publishing: Publishing,
}

impl World {
    async fn new(seed: u64) -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let (names, channel) = (Names::new("doubt").unwrap(), Channel::new("doubt").unwrap());
        let client = broker.client("admin");
        let limits = Limits { duplicate_window: WINDOW, ..Limits::default() };
        let mut streams = names.streams(Storage::Memory, 1, limits).to_vec();
        streams.push(channel.spec(Storage::Memory, 1));
        for spec in streams {
            client.ensure(&spec).await.unwrap();
        }
        Self { broker, names, channel, publishing: Publishing::Conditional }
    }

    /// The same, with messages that are known by their ids.
    async fn by_id(seed: u64) -> Self {
        Self { publishing: Publishing::MessageId, ..Self::new(seed).await }
    }

    /// A producer of three partitions with 20 messages per second each.
    async fn producer(&self, client: &VirtualLog, seed: u64) -> Producer<VirtualLog> {
        self.start(client, seed, false).await
    }

    async fn start(&self, client: &VirtualLog, seed: u64, measured: bool) -> Producer<VirtualLog> {
        let settings = ProducerSettings {
            id: ProducerId("producer-0".into()),
            partitions: (0..3).map(|p| (PartitionId(p), Weight(1), 20.0)).collect(),
            publishing: self.publishing,
            variation: None,
            seed: Seed(seed),
            clock: RunClock::starting_at(Timestamp(0)),
            give_up_after: Duration::from_secs(60),
            measured,
        };
        let (names, channel) = (self.names.clone(), self.channel.clone());
        Producer::start(client.clone(), names, channel, settings).await.unwrap()
    }

    fn messages(&self) -> Vec<Message> {
        let records = self.broker.records(&self.names.messages, Seq(1));
        records.iter().filter_map(|record| Message::decode(&record.payload).ok()).collect()
    }

    /// Every partition's messages are 1, 2, 3, … without a gap or a repeat; returns how many.
    fn assert_contiguous(&self) -> u64 {
        let mut next = [1; 3];
        for message in self.messages() {
            let expected = &mut next[message.partition.0 as usize];
            assert_eq!(message.partition_seq.0, *expected, "{}", message.partition);
            *expected += 1;
        }
        next.iter().map(|next| next - 1).sum()
    }

    /// It sends, three answers are lost, it is cut off for so long, and sends again.
    async fn goes_through_an_outage(&self, seed: u64, outage: Duration) {
        let client = self.broker.client("producer-0");
        let producer = self.producer(&client, seed).await;
        let (stop, stopping) = watch::channel(false);
        let running = tokio::spawn(producer.run(stopping));
        tokio::time::sleep(Duration::from_secs(5)).await;
        client.plan(Fault::new(Fate::AnswerLost, self.names.all_messages(), 3));
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.cut();
        tokio::time::sleep(outage).await;
        client.heal();
        tokio::time::sleep(Duration::from_secs(60)).await;
        stop.send_replace(true);
        running.await.unwrap().unwrap();
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

fn acked(report: &ProducerReport) -> u64 {
    report.partitions.values().flat_map(|sent| &sent.acked).map(|range| range.count()).sum()
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_requests_store_each_message_once() {
    for publishing in [Publishing::Conditional, Publishing::MessageId] {
        for (seed, fate) in [
            (1, Fate::AnswerLost),
            (2, Fate::RequestLost),
            (3, Fate::Delayed(Duration::from_secs(7))),
        ] {
            store_each_message_once(World { publishing, ..World::new(seed).await }, seed, fate)
                .await;
        }
    }
}

async fn store_each_message_once(world: World, seed: u64, fate: Fate) {
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
    assert!(stored > 1000, "{fate:?}: {stored}");
    assert_eq!(acked(&report), stored, "{fate:?}");
    assert!(report.retries >= 10 && report.finished, "{fate:?}: {report:?}");
    assert_eq!(report.recovered > 0, matches!(fate, Fate::AnswerLost), "{fate:?}");
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
    world.goes_through_an_outage(4, Duration::from_secs(600)).await;
    // What fell due meanwhile was owed, and sent.
    let stored = world.assert_contiguous();
    assert!(stored > 30_000, "{stored}");
}

/// What a window of time is worth: an outage that is longer stores again what was in doubt, and nobody
/// who sends is told.
#[tokio::test(start_paused = true)]
async fn ids_hold_for_as_long_as_their_window() {
    for (outage, repeated) in [(WINDOW / 2, 0), (WINDOW * 2, 3)] {
        let world = World::by_id(4).await;
        world.goes_through_an_outage(4, outage).await;
        let messages = world.messages();
        let seqs: BTreeSet<_> = messages.iter().map(|m| (m.partition, m.partition_seq)).collect();
        assert_eq!(messages.len() - seqs.len(), repeated, "{outage:?}");
        let report = world.report().await;
        assert_eq!(acked(&report), seqs.len() as u64, "{outage:?}");
        assert_eq!(report.recovered, 3 - repeated as u64, "{outage:?}");
    }
}

/// The broker knows an id for longer than it keeps the record.
#[tokio::test(start_paused = true)]
async fn what_was_stored_and_is_gone_is_not_sent_again() {
    let world = World::by_id(10).await;
    let client = world.broker.client("producer-0");
    let producer = world.producer(&client, 10).await;
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(producer.run(stopping));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let subject = world.names.message(PartitionId(1));
    client.plan(Fault::new(Fate::AnswerLost, subject.clone(), 1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let last = world.broker.records(&world.names.messages, Seq(1)).last().unwrap().seq;
    client.trim(&world.names.messages, &subject, last.next()).await.unwrap();
    tokio::time::sleep(WINDOW * 2).await;
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    let of_it = |message: &Message| message.partition == PartitionId(1);
    let left: Vec<_> = world.messages().into_iter().filter(of_it).collect();
    let report = world.report().await;
    let sent = &report.partitions[&PartitionId(1)].acked;
    assert!(left.len() > 1000 && sent.len() == 1, "{} left, {sent:?} sent", left.len());
    // It goes on with the one after that: what is left is the end of what was sent.
    let seqs = left.iter().map(|message| message.partition_seq.0);
    assert!(seqs.eq(sent[0].1 + 1 - left.len() as u64..=sent[0].1));
    assert_eq!((report.recovered, report.retries), (1, 2));
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
    is_told(World::new(6).await).await;
}

/// An id says that a record is stored, not whose it is.
#[tokio::test(start_paused = true)]
async fn a_second_process_is_told_though_its_ids_are_stored() {
    is_told(World::by_id(6).await).await;
}

async fn is_told(world: World) {
    let (one, two) = (world.broker.client("one"), world.broker.client("two"));
    let (_stop, stopping) = watch::channel(false);
    let first = tokio::spawn(world.producer(&one, 1).await.run(stopping.clone()));
    let second = tokio::spawn(world.producer(&two, 2).await.run(stopping));
    let ended = tokio::select! {
        biased;
        ended = first => ended,
        ended = second => ended,
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("nobody is told"),
    };
    let error = ended.unwrap().unwrap_err();
    assert!(error.to_string().contains("another process sends as producer-0"), "{error}");
    world.assert_contiguous();
}

/// What a killed producer has sent arrives when the next life has sent the same message anew.
#[tokio::test(start_paused = true)]
async fn what_arrives_after_its_sender_is_not_stored_beside_its_successor() {
    for world in [World::new(9).await, World::by_id(9).await] {
        let late = Duration::from_secs(5);
        for life in 0..5 {
            let client = world.broker.client(&format!("killed-{life}"));
            client.plan(Fault::new(Fate::Delayed(late), world.names.all_messages(), 3));
            let (_stop, stopping) = watch::channel(false);
            let running = tokio::spawn(world.producer(&client, life).await.run(stopping));
            tokio::time::sleep(Duration::from_millis(900)).await;
            running.abort();
            assert!(running.await.unwrap_err().is_cancelled());
            let client = world.broker.client(&format!("next-{life}"));
            let (stop, stopping) = watch::channel(false);
            let running = tokio::spawn(world.producer(&client, 100 + life).await.run(stopping));
            tokio::time::sleep(late * 2).await;
            stop.send_replace(true);
            running.await.unwrap().unwrap();
        }
        let stored = world.assert_contiguous();
        assert!(stored > 1000, "{stored}");
    }
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
