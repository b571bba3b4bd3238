//! Messages go out when they fall due, and whoever says stop is heard at once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use broker::{Admin, Seq, Storage};
use broker_virtual::{Options, VirtualBroker};
use model::{Message, PartitionId, ProducerId, Seed, Timestamp, Weight, watch};
use parti::{Limits, Names};
use producer::{Producer, ProducerError, ProducerSettings, Publishing};
use reports::Channel;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const WAY: Duration = Duration::from_millis(2);

struct World {
    broker: VirtualBroker,
    names: Names,
    stop: watch::Sender<bool>,
    running: JoinHandle<Result<(), ProducerError>>,
}

/// A producer of three partitions with `rate` messages per second each.
async fn start(rate: f64) -> World {
    let options = Options { latency_min: WAY, latency_max: WAY, ..Options::new(Seed(1)) };
    let broker = VirtualBroker::new(options);
    let (names, channel) = (Names::new("g").unwrap(), Channel::new("g").unwrap());
    let client = broker.client("p");
    let mut streams = names.streams(Storage::Memory, 1, Limits::default()).to_vec();
    streams.push(channel.spec(Storage::Memory, 1));
    for spec in &streams {
        client.ensure(spec).await.unwrap();
    }
    let settings = ProducerSettings {
        id: ProducerId("p".into()),
        partitions: (0..3).map(|p| (PartitionId(p), Weight(1), rate)).collect(),
        publishing: Publishing::Conditional,
        variation: None,
        seed: Seed(1),
        clock: broker.clock(),
        give_up_after: Duration::from_secs(60),
        measured: false,
    };
    let producer = Producer::start(client, names.clone(), channel, settings).await.unwrap();
    let (stop, stopping) = watch::channel(false);
    World { broker, names, stop, running: tokio::spawn(producer.run(stopping)) }
}

#[tokio::test(start_paused = true)]
async fn messages_go_out_when_they_fall_due() {
    let world = start(2.0).await;
    sleep(Duration::from_secs(100)).await;
    world.stop.send_replace(true);
    world.running.await.unwrap().unwrap();
    let records = world.broker.records(&world.names.messages, Seq(1));
    assert!((500..700).contains(&records.len()), "{}", records.len());
    let mut late = 0;
    for record in &records {
        let message = Message::decode(&record.payload).unwrap();
        let took = record.stored_at_us - message.sent_at.0;
        assert!(took >= WAY.as_micros() as i64, "stored {took} µs after it fell due");
        // A message waits for the one before it.
        late += u32::from(Timestamp(record.stored_at_us).since(message.sent_at) > 3 * WAY);
    }
    assert!(late < 20, "{late} of {}", records.len());
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_though_nothing_falls_due() {
    let world = start(1e-9).await;
    sleep(Duration::from_millis(10_300)).await;
    let began = Instant::now();
    world.stop.send_replace(true);
    world.running.await.unwrap().unwrap();
    assert!(began.elapsed() < 10 * WAY, "{:?}", began.elapsed());
}
