//! How a producer begins: it asks for the places of many partitions at once, and finds each.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use broker::{Admin, Append, Log, Storage};
use broker_virtual::{Options, VirtualBroker};
use model::{Message, PartitionId, PartitionSeq, ProducerId, ProducerSeq, RunClock, Seed};
use model::{Timestamp, Weight, watch};
use parti::{Limits, Names};
use producer::{Producer, ProducerSettings, Publishing};
use reports::Channel;
use tokio::time::Instant;

const PARTITIONS: u32 = 1_000;
/// One way to the broker, or back.
const WAY: Duration = Duration::from_millis(10);

fn message(partition: u32, seq: u64) -> Message {
    Message {
        partition: PartitionId(partition),
        partition_seq: PartitionSeq(seq),
        producer: ProducerId("p".into()),
        producer_seq: ProducerSeq(seq),
        sent_at: Timestamp(0),
        weight: Weight(1),
    }
}

#[tokio::test(start_paused = true)]
async fn many_partitions_take_few_ways_and_each_goes_on_where_it_was() {
    let options = Options { latency_min: WAY, latency_max: WAY, ..Options::new(Seed(1)) };
    let client = VirtualBroker::new(options).client("p");
    let (names, channel) = (Names::new("g").unwrap(), Channel::new("g").unwrap());
    let mut streams = names.streams(Storage::Memory, 1, Limits::default()).to_vec();
    streams.push(channel.spec(Storage::Memory, 1));
    for spec in &streams {
        client.ensure(spec).await.unwrap();
    }
    // Partition 7 has had seven messages, and so on.
    for p in [7, 500, 999] {
        let payload = message(p, u64::from(p)).encode();
        let append = Append::new(names.messages.clone(), names.message(PartitionId(p)), payload);
        client.append(append).await.unwrap();
    }
    let settings = ProducerSettings {
        id: ProducerId("p".into()),
        partitions: (0..PARTITIONS).map(|p| (PartitionId(p), Weight(1), 1.0)).collect(),
        publishing: Publishing::Conditional,
        variation: None,
        seed: Seed(1),
        clock: RunClock::starting_at(Timestamp(0)),
        give_up_after: Duration::from_secs(60),
        measured: false,
    };
    let began = Instant::now();
    let producer = Producer::start(client.clone(), names.clone(), channel, settings).await.unwrap();
    assert!(began.elapsed() < 50 * WAY, "{:?}", began.elapsed());
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(producer.run(stopping));
    tokio::time::sleep(Duration::from_secs(20)).await;
    stop.send_replace(true);
    running.await.unwrap().unwrap();
    for p in [7, 500, 999, 0] {
        let subject = names.message(PartitionId(p));
        let first = client.last(&names.messages, &subject).await.unwrap().unwrap();
        let sent = Message::decode(&first.payload).unwrap();
        assert!(sent.partition_seq.0 > u64::from(p), "{p}: {sent:?}");
        assert!(sent.partition_seq.0 < u64::from(p) + 60, "{p}: {sent:?}");
        assert!(sent.producer_seq.0 > 999, "after the greatest of all: {sent:?}");
    }
}
